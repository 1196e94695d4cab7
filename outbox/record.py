"""How does every event get its outbox row? In the one statement that appends it (invariant I5)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

import msgspec
from django.db import connections, transaction
from msgspec import Raw, Struct

from events.api import PreparedEvent
from outbox import hints
from outbox.conf import outbox_conf
from outbox.sql.statements import statement
from outbox.topics import topic_of

SHARDS = 64


class _Message(Struct, frozen=True, omit_defaults=True):
    event_id: UUID
    topic: str
    partition_key: str
    shard: int
    payload: Raw | None = None
    """JSON, for an event that is stored as something else; the message's body is JSON whatever the store keeps."""


def record(cursor: Any, *, batch: bytes, events: Sequence[PreparedEvent]) -> list[tuple[int, int]]:
    """Append the batch together with its outbox rows, and wake the relay once it is committed.

    Returns (position, version) per event in order, or nothing when the store refused. See `events.api.OnAppend`.
    """
    conf = outbox_conf()
    messages = [
        _Message(
            event_id=event.event_id,
            topic=topic_of(event.event_type, event.aggregate_type, conf=conf),
            partition_key=event.partition_key,
            shard=shard_of(event.partition_key),
            payload=None if event.packed is None else event.payload,
        )
        for event in events
    ]
    parameters = {"batch": batch.decode(), "messages": msgspec.json.encode(messages).decode()}
    rows: list[tuple[int, int]] = cursor.execute(statement("append"), parameters).fetchall()
    if rows:
        transaction.on_commit(hints.announce_append, using=_alias_of(cursor), robust=True)
    return rows


def shard_of(partition_key: str) -> int:
    """The shard of a key, the same in every process and release."""
    return crc32(partition_key.encode()) % SHARDS


def _alias_of(cursor: Any) -> str:
    """The database that the cursor belongs to: the store hands in psycopg's own cursor."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is cursor.connection:
            return str(connection.alias)
    return "default"
