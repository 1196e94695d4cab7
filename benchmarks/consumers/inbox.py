"""Inbox throughput: messages are given their effect, a batch at a time and one by one.

The messages lie in memory, so that no broker is measured. Beside Nova runs a bare loop: the same statements in the same
transactions, each payload decoded to the same type, and nothing else.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from django.db import connection

from benchmarks import raw
from benchmarks.events import new_event
from benchmarks.harness import Measure, rate
from nova.services.content.events import ContentPostCreated
from outbox.bus.base import IncomingMessage
from outbox.consumers.processor import Processor
from outbox.handling.handlers import ConsumerGroup, Handler
from outbox.messages.received import ReceivedEvent
from outbox.sql.statements import statement

MESSAGES, FEWER, BATCH = 20_000, 5_000, 500
TABLE = "CREATE TABLE IF NOT EXISTS bench_effects (event_id uuid, post_id text, user_id text)"
WRITE = """
INSERT INTO bench_effects SELECT * FROM unnest(%(event_ids)s::uuid[], %(post_ids)s::text[], %(user_ids)s::text[])
"""


def measures(url: str) -> list[Measure]:
    """All measures of the inbox."""
    client = raw.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    together = ConsumerGroup(
        name="together", topics=(), handlers=(Handler(name="h", event_types=TYPES, handle_batch=write_together),)
    )
    one_by_one = ConsumerGroup(
        name="alone", topics=(), handlers=(Handler(name="h", event_types=TYPES, handle=write_one),)
    )
    return [
        Measure(
            name="inbox_set_based",
            unit="messages/s",
            goal=0.7,
            raw=lambda: _timed(lambda batch: _raw_together(client, batch)),
            nova=lambda: _timed(Processor(together).take),
        ),
        Measure(
            name="inbox_per_message",
            unit="messages/s",
            goal=0.7,
            raw=lambda: _timed(lambda batch: _raw_one_by_one(client, batch), number=FEWER),
            nova=lambda: _timed(Processor(one_by_one).take, number=FEWER),
        ),
    ]


TYPES = frozenset({"content.post.created"})
_decode = msgspec.json.Decoder(ContentPostCreated).decode
ONE = "INSERT INTO bench_effects VALUES (%(event_id)s, %(post_id)s, %(user_id)s)"


def write_together(events: Sequence[ReceivedEvent]) -> None:
    """The effect of a batch, in one statement."""
    posts = [(event.event_id, event.payload) for event in events if isinstance(event.payload, ContentPostCreated)]
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "event_ids": [event_id for event_id, _ in posts],
                "post_ids": [post.post_id for _, post in posts],
                "user_ids": [post.user_id for _, post in posts],
            },
        )


def write_one(event: ReceivedEvent) -> None:
    """The effect of one message, in a statement of its own."""
    if isinstance(event.payload, ContentPostCreated):
        post = event.payload
        # As the bare loop does it: Django's cursors cost as much again, which is no matter of the inbox.
        cursor: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
        cursor.execute(ONE, {"event_id": event.event_id, "post_id": post.post_id, "user_id": post.user_id})


def new_messages(number: int) -> list[IncomingMessage]:
    """Messages like those that the relay writes, of six partitions in turn."""
    return [_message(offset) for offset in range(number)]


def _message(offset: int) -> IncomingMessage:
    event = new_event()
    headers = {
        "event_type": "content.post.created",
        "event_id": str(uuid4()),
        "aggregate_type": "post",
        "aggregate_id": str(uuid4()),
        "version": "1",
        "schema_version": "1",
        "content-type": "application/json",
        "source_service": "nova",
        "timestamp": "2025-01-15T10:30:00.000000Z",
        "correlation_id": str(uuid4()),
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "clock": "17",
    }
    return IncomingMessage(
        topic="nova.content.events",
        partition=0,
        offset=offset,
        key=headers["aggregate_id"].encode(),
        body=msgspec.json.encode(event.payload),
        headers=tuple((name, value.encode()) for name, value in headers.items()),
        timestamp=1_736_937_000_000,
    )


def _timed(take: Any, *, number: int = MESSAGES) -> float:
    messages = new_messages(number)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE inbox, bench_effects")

    def work() -> int:
        for start in range(0, number, BATCH):
            take(messages[start : start + BATCH])
        return number

    return rate(work)


def _raw_claim(client: psycopg.Connection[Any], consumer: str, event_ids: list[str]) -> set[str]:
    """As Nova's own claim does it: the ids go as one text, and come back only when not all of them are new."""
    parameters = {"consumer": consumer, "event_ids": "{" + ",".join(event_ids) + "}"}
    cursor = client.execute(statement("claim"), parameters)
    if cursor.rowcount == len(event_ids):
        return set(event_ids)
    return {str(event_id) for (event_id,) in cursor.fetchall()}


def _raw_together(client: psycopg.Connection[Any], batch: Sequence[IncomingMessage]) -> None:
    with client.transaction():
        found = {dict(message.headers)["event_id"].decode(): _decode(message.body) for message in batch}  # type: ignore[union-attr, arg-type]
        unseen = _raw_claim(client, "raw-together", list(found))
        posts = [(event_id, post) for event_id, post in found.items() if event_id in unseen]
        client.execute(
            WRITE,
            {
                "event_ids": [event_id for event_id, _ in posts],
                "post_ids": [post.post_id for _, post in posts],
                "user_ids": [post.user_id for _, post in posts],
            },
        )


def _raw_one_by_one(client: psycopg.Connection[Any], batch: Sequence[IncomingMessage]) -> None:
    with client.transaction():
        found = {dict(message.headers)["event_id"].decode(): _decode(message.body) for message in batch}  # type: ignore[union-attr, arg-type]
        unseen = _raw_claim(client, "raw-alone", list(found))
        for event_id, post in found.items():
            if event_id in unseen:
                client.execute(ONE, {"event_id": event_id, "post_id": post.post_id, "user_id": post.user_id})
