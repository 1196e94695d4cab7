"""What an operator waits for: pages of the console and answers of the API, from the request to the last byte.

They are asked in this process, without a network; what is asked for changes from call to call wherever it can, so that
nothing is answered from what the call before has read.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from random import Random
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from msgspec import Struct

from nova.rest.tokens import create_token

FIND, JOURNEY = 300.0, 200.0
"""Milliseconds that a filter or search, and a journey, may take for 95 of 100."""
Address = Callable[[], str]


class Measured(Struct, frozen=True, kw_only=True):
    """A line of the table."""

    name: str
    median: float
    p95: float
    processor: float
    """Of this process and of its session with the database, a call: what others do on the machine is not in it."""
    allowed: float
    """Milliseconds, as the others."""

    @property
    def is_reached(self) -> bool:
        """Whether it is quick enough."""
        return self.p95 < self.allowed


class Operator:
    """Somebody who sees everything, in the console and with a token."""

    def __init__(self, events: int) -> None:
        user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
        token, _ = create_token("bench", scopes=["events:read", "outbox:read", "sagas:read", "read-models:read"])
        self.console, self.api = Client(), Client(headers={"Authorization": f"Bearer {token}"})
        self.console.force_login(user)
        self._events, self._random = events, Random(1)

    def paths(self) -> Iterator[tuple[str, float, Address]]:
        """What is measured: its name, what it may take, and the address of the next call."""
        log = "/admin/events/domainevent/"
        n = self._n
        filters: dict[str, Address] = {
            "all": lambda: f"?beyond={n()}",
            "type": lambda: f"?event_type=note.kind_{n() % 20 * 2 + 1}&beyond={n()}",
            "type_rare": lambda: "?event_type=note.forgotten",
            "aggregate_type": lambda: f"?aggregate_type=note&beyond={n()}",
            "aggregate_type_rare": lambda: "?aggregate_type=relic",
            "stream": lambda: f"?stream=note/note-{n() // 25}",
            "stream_long": lambda: f"?stream=journal/one&beyond={n() // 50 * 50}",
            "user": lambda: f"?user_id=user-{n() % 50000 // 2 * 2}",
            "user_busy": lambda: f"?user_id=busy-user&beyond={n()}",
            "user_oldest": lambda: "?user_id=oldest-user",
            "user_and_type": lambda: f"?user_id=busy-user&event_type=note.kind_{n() % 20 * 2 + 1}",
            "source": lambda: f"?source_service=service-{n() % 5}&beyond={n()}",
            "source_rare": lambda: "?source_service=oldest-service",
            "correlation": lambda: f"?correlation_id={_id('conversation', n() // 5)}",
            "correlation_long": lambda: f"?correlation_id={_id('long')}&beyond={n()}",
            "time": lambda: f"?since={_time(n())}&until={_time(self._events)}",
            "time_and_type": lambda: f"?until={_time(n())}&event_type=note.forgotten",
            "time_and_user": lambda: f"?until={_time(n())}&user_id=user-{n() % 50000 // 2 * 2}",
            "position": lambda: f"?from_position=1&to_position={n()}",
            "term": lambda: f"?q=note-{n() // 25}",
            "term_type": lambda: "?q=note.taken",
        }
        for name, path in filters.items():
            yield f"console_filter_{name}", FIND, _below(log, path)
        finds: dict[str, Address] = {
            "event": lambda: _id("event", n()),
            "position": lambda: str(n()),
            "correlation": lambda: _id("conversation", n() // 5),
            "correlation_long": lambda: _id("long"),
            "user": lambda: f"user-{n() % 50000 // 2 * 2}",
            "user_busy": lambda: "busy-user",
            "aggregate": lambda: f"note-{n() // 25}",
            "aggregate_long": lambda: "one",
            "stream": lambda: f"note/note-{n() // 25}",
            "saga": lambda: _id("saga", 1 + n() % (self._events // 25)),
            "nothing": lambda: f"nothing-{n()}",
        }
        for name, term in finds.items():
            yield f"console_find_{name}", FIND, _below("/admin/find/?term=", term)
        yield "console_find_over_http", FIND, _below("/api/v1/finds?term=", lambda: _id("event", n()))
        recent = self._events // 10
        journeys: dict[str, Address] = {
            "recent": lambda: f"{self._events - n() % recent}/",
            "old": lambda: f"{n()}/",
            "long_stream": lambda: f"{n() // 50 * 50 or 50}/",
        }
        for name, path in journeys.items():
            yield f"console_journey_{name}", JOURNEY, _below("/admin/journey/", path)
        over_http = _below("/api/v1/events/", lambda: f"{_id('event', n())}/journey")
        yield "console_journey_over_http", JOURNEY, over_http

    def measure(self, name: str, allowed: float, path: Address, *, calls: int) -> Measured:
        """Ask so many times."""
        client = self.api if path().startswith("/api/") else self.console
        taken, spent = [], self._processor()
        for _ in range(calls):
            asked = path()
            began = time.perf_counter()
            answer = client.get(asked)
            taken.append(1_000 * (time.perf_counter() - began))
            assert answer.status_code in {200, 302}, (asked, answer.status_code)
            if b"given up" in answer.content:
                taken[-1] = math.inf
        spent = self._processor() - spent
        taken.sort()
        p95 = taken[min(len(taken) - 1, len(taken) * 95 // 100)]
        median = taken[len(taken) // 2]
        return Measured(name=name, median=median, p95=p95, processor=1_000 * spent / calls, allowed=allowed)

    def _processor(self) -> float:
        """Seconds of processor time that this process and its session with the database have taken."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        stat = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def _n(self) -> int:
        return self._random.randint(100, self._events)


def _below(start: str, rest: Address) -> Address:
    return lambda: start + rest()


def _id(kind: str, number: int | str = "") -> str:
    return str(UUID(md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()))


def _time(n: int) -> str:
    return f"{datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}"
