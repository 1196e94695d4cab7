"""Stops: a program that is asked to end has ended in time, whatever it waits for; nothing is lost or done twice."""

import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.management import call_command

from events.api import append_events
from kit.stop import REQUESTS_GRACE
from nova.local.processes.ports import LOOPBACK
from nova.local.processes.programs import STOP_TIMES
from nova.rest.tokens import create_token
from outbox.api import KafkaBus
from outbox.exceptions import GroupInUse
from outbox.models import DeadLetter, OutboxEvent
from tests.support.appending import PAYLOAD, AppendingClients
from tests.support.database import rows, scalar
from tests.support.events import new_event, new_stream
from tests.support.outbox import eventually, url_of_test_database
from tests.support.production import Production, production
from tests.support.sessions import another_session, execute
from tests.support.topics import everything_on, header

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("recording", "kafka")]

OTHERS = ("relay", "consumers", "worker", "beat")
SLOW = 8
"""Clients of each kind: as many as a web server has connections to the database."""
TICK = 0.3
"""Seconds between two bytes of a slow client."""
INTERVAL = 0.05
"""Seconds between two events of a client."""
NOTICE = 0.5
"""Seconds after which a busy machine has noticed an end."""
AT_ONCE = 0.5
"""Seconds after which nobody is let in any more."""
LARGE_EVENTS, LARGE = 300, 13_000
GROUP = "analytics-service"
CATCH_UP_TIMEOUT = 180.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
HANG = "LOCK TABLE domain_events, outbox_events, inbox IN ACCESS EXCLUSIVE MODE"


@pytest.fixture
def nova(tmp_path: Path, prefix: str, redis_url: str, kafka_brokers: str) -> Iterator[Production]:
    """All programs, which run."""
    call_command("topics", "create")
    pass_over_what_others_have_published(kafka_brokers)
    with production(
        tmp_path,
        DATABASE_URL=url_of_test_database(),
        REDIS_URL=redis_url,
        KAFKA_BROKERS=kafka_brokers,
        KAFKA_TOPIC_PREFIX=prefix,
    ) as made:
        made.start("web", *OTHERS)
        eventually(lambda: made.ask("GET", "/health/ready")[0] == 200, within=CATCH_UP_TIMEOUT)
        yield made


def pass_over_what_others_have_published(brokers: str) -> None:
    """Let the group begin behind the messages of other tests, which are no events of this log."""
    bus = KafkaBus(brokers)
    topics = set(bus.topics([])) - {"__consumer_offsets"}
    there = bus.lag(GROUP, sorted(topics))

    def moved() -> bool:
        # The members of another test's programs may not be forgotten yet.
        with suppress(GroupInUse):
            bus.go_on_at(GROUP, {(one.topic, one.partition): one.end for one in there})
            return True
        return False

    eventually(moved, within=CATCH_UP_TIMEOUT)


@pytest.fixture
def token() -> str:
    return create_token("clients", scopes=["events:append", "events:read"])[0]


def test_programs_under_load_end_in_time(nova: Production, token: str, kafka_brokers: str) -> None:
    took: dict[str, float] = {}
    with AppendingClients(nova, token, interval=INTERVAL) as clients:
        eventually(lambda: len(clients.acknowledged) > 200)
        for name in OTHERS:
            took[name] = nova.stop(name)
            nova.start(name)
        with slow_clients(nova, token), ThreadPoolExecutor(1) as thread:
            honest = Upload(nova, token)
            asked = time.monotonic()
            stopping = thread.submit(nova.stop, "web")
            eventually(lambda: not listens(nova), within=AT_ONCE)
            assert honest.finish() == b"HTTP/1.1 201"
            took["web"] = stopping.result()
        ended = time.monotonic()
        nova.start("web")
        nova.await_web()

    assert_ended_in_time(took)
    assert nova.statuses == dict.fromkeys(OTHERS, 0) | {"web": -signal.SIGTERM}
    # Slow clients were cut off, and not before their time.
    assert took["web"] >= REQUESTS_GRACE
    assert [one for one in clients.attempts if one.status and asked + AT_ONCE < one.began < ended] == []
    assert_all_has_its_effect_once(clients)
    published = Counter(header(message, "event_id") for message in everything_on(kafka_brokers, "nova.content.events"))
    assert {published[event_id] for event_id in clients.begun} == {1}


def test_so_do_programs_whose_database_hangs(nova: Production, token: str) -> None:
    with AppendingClients(nova, token, interval=INTERVAL) as clients:
        eventually(lambda: len(clients.acknowledged) > 200)
        with another_session() as other:
            execute(other, "BEGIN", HANG)
            # Requests, the relay, tasks.
            eventually(lambda: scalar(WAITING) >= 6)
            with ThreadPoolExecutor(len(STOP_TIMES)) as threads:
                took = dict(zip(STOP_TIMES, threads.map(nova.stop, STOP_TIMES), strict=True))
            execute(other, "ROLLBACK")
        nova.start("web", *OTHERS)
        nova.await_web()

    assert_ended_in_time(took)
    assert_all_has_its_effect_once(clients)


def assert_ended_in_time(took: dict[str, float]) -> None:
    """Fail if a program took longer than it says."""
    print({name: round(seconds, 1) for name, seconds in took.items()})
    assert set(took) == set(STOP_TIMES)
    assert {name for name, seconds in took.items() if seconds > STOP_TIMES[name] + NOTICE} == set()


def assert_all_has_its_effect_once(clients: AppendingClients) -> None:
    """Fail if an event that a client sent is not stored, on its way, or counted exactly once."""
    assert clients.acknowledged == clients.begun
    stored = {str(event_id) for (event_id,) in rows("SELECT event_id FROM domain_events")}
    assert stored >= clients.begun
    eventually(lambda: not OutboxEvent.objects.pending().exists(), within=CATCH_UP_TIMEOUT)
    # All that is stored is counted, and what is stored by then at the latest.
    counted = f"SELECT event_id FROM inbox WHERE consumer = '{GROUP}'"
    uncounted = f"SELECT count(*) FROM domain_events WHERE event_id NOT IN ({counted})"
    eventually(lambda: scalar(uncounted) == 0, within=CATCH_UP_TIMEOUT)
    stored = {str(event_id) for (event_id,) in rows("SELECT event_id FROM domain_events")}
    assert {str(event_id) for (event_id,) in rows(counted)} == stored
    assert scalar("SELECT sum(count) FROM analytics_daily_events") == len(stored)
    assert not DeadLetter.objects.exists()


def listens(nova: Production) -> bool:
    try:
        socket.create_connection((LOOPBACK, nova.ports["web"])).close()
    except ConnectionRefusedError:
        return False
    return True


def connected(nova: Production, head: str, token: str) -> socket.socket:
    """A client with small buffers, which has sent the head of its request and what follows it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect((LOOPBACK, nova.ports["web"]))
    first, _, body = head.partition("\n")
    headers = f"Host: {LOOPBACK}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    client.sendall(f"{first} HTTP/1.1\r\n{headers}{body}".encode())
    return client


class Upload:
    """A client that has sent half of its event, and finishes when it is told to."""

    def __init__(self, nova: Production, token: str) -> None:
        payload = ", ".join(f'"{name}": "{value}"' for name, value in PAYLOAD.items())
        fields = f'"post_id": "p", "created_at": "2025-01-15T10:30:00Z", {payload}'
        body = f'[{{"event_type": "content.post.created", "payload": {{{fields}}}}}]'
        stream = new_stream().aggregate_id
        head = f"POST /api/v1/streams/post/{stream}/events\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        self._socket = connected(nova, head, token)
        # The server waits for the body.
        assert self._socket.recv(100).startswith(b"HTTP/1.1 100")
        self._socket.sendall(body[:30].encode())
        self._rest = body[30:].encode()

    def finish(self) -> bytes:
        """Send the rest; the beginning of the answer."""
        with self._socket:
            self._socket.sendall(self._rest)
            return self._socket.recv(12)


@contextmanager
def slow_clients(nova: Production, token: str) -> Iterator[None]:
    """Clients that hardly read a large page, and others that hardly send what they announce, all under way."""
    stream = new_stream()
    append_events(stream, 0, [new_event("x" * LARGE) for _ in range(LARGE_EVENTS)])
    address = f"/api/v1/streams/post/{stream.aggregate_id}/events"
    readers = [connected(nova, f"GET {address}?limit={LARGE_EVENTS}\n\r\n", token) for _ in range(SLOW)]
    writers = [connected(nova, f"POST {address}\nContent-Length: 100000\r\n\r\n[", token) for _ in range(SLOW)]
    for reader in readers:
        assert reader.recv(12) == b"HTTP/1.1 200"
    over = threading.Event()

    def keep_on() -> None:
        while not over.wait(TICK):
            with suppress(OSError):
                for writer in writers:
                    writer.send(b" ")
                for reader in readers:
                    reader.recv(256, socket.MSG_DONTWAIT)

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for client in (*readers, *writers):
            client.close()
