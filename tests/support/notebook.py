"""A handler that leaves a row per event, and messages for it."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from events.api import Untyped
from outbox.api import ReceivedEvent, RetryPolicy
from outbox.bus.kafka.subscription import KafkaSubscription

ONCE_MORE = RetryPolicy(limit=1, base=0.0)


class Notebook:
    """A handler that writes a row per event, in the transaction that it is given."""

    def __init__(self) -> None:
        self.before: Callable[[ReceivedEvent], None] = lambda _: None

    def handle(self, event: ReceivedEvent) -> None:
        """Write, unless what comes before it fails."""
        self.before(event)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO notebook VALUES (%s, %s)", [event.event_id, str(number_of(event))])

    @property
    def numbers(self) -> list[str]:
        """What was written, in order."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM notebook ORDER BY place")
            return [number for (number,) in cursor.fetchall()]


def number_of(event: ReceivedEvent) -> Any:
    """What the event's payload counts."""
    assert isinstance(event.payload, Untyped)
    return event.payload.data.get("number")


def taken(number: int, *, event_id: UUID | None = None, body: bytes | None = None) -> tuple[bytes, bytes, Any]:
    """A message of the usual key, as somebody else would write it."""
    headers = {"event_type": b"note.taken"} | ({"event_id": str(event_id).encode()} if event_id else {})
    return (b"key", body if body is not None else b'{"number":%d}' % number, headers)


def keyed(key: bytes, number: int) -> tuple[bytes, bytes, Any]:
    """One of this key."""
    return (key, b'{"number":%d}' % number, {"event_type": b"note.taken"})


def watched(monkeypatch: pytest.MonkeyPatch, verb: str) -> threading.Event:
    """Set once a partition is told to rest, or to go on."""
    seen, act = threading.Event(), getattr(KafkaSubscription, verb)

    def tell(subscription: KafkaSubscription, partitions: set[Any]) -> None:
        act(subscription, partitions)
        if partitions:
            seen.set()

    monkeypatch.setattr(KafkaSubscription, verb, tell)
    return seen
