"""Recorder: every event gets its outbox row in the one statement that appends it (invariant I5)."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from events.api import OnAppend, PreparedEvent
from outbox.conf import outbox_conf
from outbox.handling.effects import forbid_while_gated
from outbox.messages.assigned_topics import assigned_topic
from outbox.messages.topics import declared_topic
from outbox.signals import wakeup
from outbox.sql.statements import statement

SHARDS = 64


def shard_of(partition_key: str) -> int:
    """The shard of a key, the same in every process and release."""
    return crc32(partition_key.encode()) % SHARDS


def _values(event: PreparedEvent) -> Mapping[str, Any]:
    forbid_while_gated()
    envelope, conf = event.envelope, outbox_conf()
    return {
        "topic": declared_topic(envelope.event_type, conf=conf) or assigned_topic(envelope.aggregate_type, conf=conf),
        "partition_key": event.partition_key,
        "shard": shard_of(event.partition_key),
        # What the log keeps in another encoding could not be published from there.
        "by_reference": conf.outbox_body == "referenced" and event.packed is None,
    }


record = OnAppend(
    one=statement("append_one"), many=statement("append_many"), values=_values, committed=wakeup.announce_append
)
"""The hook that writes the outbox rows, and wakes the relay once they are committed."""
