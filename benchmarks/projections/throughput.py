"""Projections: how many events one worker brings into a table a second, a page or an event at a time, and anew.

Beside Nova runs a bare loop that reads the same rows of the log, writes the same table by the same statement, and keeps
how far it is in the same transaction. A rebuild is told beside the engine: tables made, filled, indexed and swapped, by
one worker, and the same events applied to the tables that serve.
"""

import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
import psycopg
from django.db import connection

from benchmarks import raw
from benchmarks.events import METADATA, WHEN
from benchmarks.harness import Measure, as_in_a_worker, rate
from events.api import Expected, NewEvent, StreamId, append_events
from events.envelope import RecordedEvent
from nova.services.identity.events import UserCreated
from projections.definition.projection import Projection
from projections.engine.engine import run_pass
from projections.models import ProjectionCheckpoint
from projections.operating.actions import rebuild
from projections.rebuilding.worker import work

EVENTS, PAGE = 30_000, 1_000
EVENTS_ONE_BY_ONE = 10_000
TABLE = """
CREATE TABLE benchmark_users (
    user_id varchar(255) PRIMARY KEY, username varchar(255) NOT NULL, email varchar(255) NOT NULL,
    created_at timestamptz NOT NULL
)
"""
ONE = """
INSERT INTO benchmark_users VALUES (%(user_id)s, %(username)s, %(email)s, %(created_at)s)
ON CONFLICT (user_id) DO UPDATE SET
    username = excluded.username, email = excluded.email, created_at = excluded.created_at
"""
MANY = """
INSERT INTO benchmark_users
SELECT * FROM json_to_recordset(%(users)s::json) AS u (
    user_id text, username text, email text, created_at timestamptz
)
ON CONFLICT (user_id) DO UPDATE SET
    username = excluded.username, email = excluded.email, created_at = excluded.created_at
"""
READ = f"""
SELECT {raw.COLUMNS} FROM domain_events
WHERE position > %(after)s AND event_type = 'user.created' ORDER BY position LIMIT {PAGE}
"""
KEEP = "UPDATE projection_checkpoints SET position = %(position)s, updated_at = now() WHERE name = %(name)s"
PAYLOAD = 14
_encode = msgspec.json.Encoder().encode
_payload = msgspec.json.Decoder(UserCreated).decode

Write = Callable[["psycopg.Cursor[Any]", Sequence[UserCreated]], None]
"""Writes users by plain psycopg."""


class PerEvent(Projection):
    """Keeps the table by a statement for each event."""

    name = "per_event"
    event_types = frozenset({"user.created"})
    writes_only = True
    # As a model whose table no app has.
    models: ClassVar[Any] = (SimpleNamespace(_meta=SimpleNamespace(db_table="benchmark_users")),)

    def apply(self, event: RecordedEvent) -> None:
        """Write the user whom the event tells of."""
        with connection.cursor() as cursor:
            cursor.execute(ONE, msgspec.structs.asdict(event.payload))


class SetBased(PerEvent):
    """Keeps the table by a statement for each page."""

    name = "set_based"

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Write the users whom the events tell of."""
        with connection.cursor() as cursor:
            cursor.execute(MANY, {"users": _encode([event.payload for event in events]).decode()})


def measures(url: str) -> list[Measure]:
    """All measures of projections."""
    client = raw.connect(url)
    client.execute(TABLE)
    for number in range(EVENTS // PAGE):
        users = [NewEvent(payload=_user(), metadata=METADATA) for _ in range(PAGE)]
        append_events(StreamId("user", f"benchmark-{number}"), Expected.NO_STREAM, users)
    client.execute("VACUUM ANALYZE domain_events")
    set_based, per_event = SetBased(), PerEvent()
    return [
        Measure(
            name="project_set_based",
            unit="events/s",
            goal=0.7,
            raw=lambda: _raw(client, set_based, _together, EVENTS),
            nova=lambda: _nova(set_based, EVENTS),
        ),
        Measure(
            name="project_per_event",
            unit="events/s",
            goal=0.7,
            raw=lambda: _raw(client, per_event, _one_by_one, EVENTS_ONE_BY_ONE),
            nova=lambda: _nova(per_event, EVENTS_ONE_BY_ONE),
        ),
        Measure(
            name="rebuild",
            unit="events/s",
            goal=0.6,
            raw=lambda: _nova(set_based, EVENTS),
            nova=lambda: _rebuild(set_based),
        ),
    ]


def _user() -> UserCreated:
    user_id = str(uuid4())
    return UserCreated(user_id=user_id, email=f"{user_id}@example.org", created_at=WHEN, username=f"user {user_id}")


def _together(cursor: "psycopg.Cursor[Any]", users: Sequence[UserCreated]) -> None:
    cursor.execute(MANY, {"users": _encode(users).decode()})


def _one_by_one(cursor: "psycopg.Cursor[Any]", users: Sequence[UserCreated]) -> None:
    for user in users:
        cursor.execute(ONE, msgspec.structs.asdict(user))


def _empty(projection: Projection) -> None:
    """The table as before the first event."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE benchmark_users")
    ProjectionCheckpoint.objects.update_or_create(
        name=projection.name, defaults={"version": projection.version, "position": 0}
    )


@as_in_a_worker()
def _raw(client: psycopg.Connection[Any], projection: Projection, write: Write, events: int) -> float:
    _empty(projection)
    cursor = psycopg.Cursor(client)

    def run() -> int:
        applied, position = 0, 0
        while applied < events:
            with client.transaction():
                rows = cursor.execute(READ, {"after": position}).fetchall()
                write(cursor, [_payload(row[PAYLOAD]) for row in rows])
                applied, position = applied + len(rows), rows[-1][0]
                cursor.execute(KEEP, {"position": position, "name": projection.name})
        return applied

    return rate(run)


@as_in_a_worker()
def _nova(projection: Projection, events: int) -> float:
    _empty(projection)

    def run() -> int:
        applied = 0
        while applied < events:
            applied += run_pass(projection, limit=PAGE).applied
        return applied

    return rate(run)


@as_in_a_worker()
def _rebuild(projection: Projection) -> float:
    def run() -> int:
        rebuild(projection, actor="benchmark", reason="to be measured")
        while not work(projection, until=time.monotonic() + 60):
            pass
        return EVENTS

    return rate(run)
