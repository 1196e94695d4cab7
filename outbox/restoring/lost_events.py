"""Lost events: messages on the broker of events that the log had when they were published, and has no more.

They were appended after the dump that the database was restored from. A message counts as one of ours where it names an
event id, and an aggregate type that the log has events of; all others are somebody else's.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from uuid import UUID

from msgspec import Struct

from events.api import aggregate_types, unknown_event_ids
from outbox.bus.base import Bus, IncomingMessage
from outbox.bus.topic_patterns import includes
from outbox.handling.handlers import ConsumerGroup
from outbox.handling.inbox import claim
from outbox.messages.headers import read_headers

BATCH = 1_000

Starts = Mapping[str, Mapping[int, int]]
"""By topic and partition, the first offset to look at."""


class LostEvent(Struct, frozen=True, kw_only=True):
    """An event that only its message tells of."""

    event_id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: str | None
    topic: str
    partition: int
    offset: int


class Search(Struct, frozen=True, kw_only=True):
    """How far a topic was searched."""

    topic: str
    read: int
    total: int
    """How many messages there are to read at most."""
    found: Sequence[LostEvent]
    """In the messages read last."""


def search(bus: Bus, starts: Starts) -> Iterator[Search]:
    """Look through topics; progress after each batch. Raises `BrokerUnavailable`."""
    ours = aggregate_types()
    for topic, offsets in starts.items():
        read = 0
        with closing(bus.history(topic, offsets={number: (start, None) for number, start in offsets.items()})) as kept:
            for messages in kept.batches(BATCH) if kept.length else ():
                read += len(messages)
                yield Search(topic=topic, read=read, total=kept.length, found=_lost(messages, ours))


def pass_over(group: ConsumerGroup, topics: Sequence[str], lost: Sequence[LostEvent]) -> int:
    """Let a group pass over those that it would handle; how many it has not passed over or handled already."""
    ids = [one.event_id for one in lost if group.wants(one.event_type) and includes(topics, one.topic)]
    distinct = list(dict.fromkeys(ids))
    return sum(len(claim(group.name, distinct[place : place + BATCH])) for place in range(0, len(distinct), BATCH))


def _lost(messages: Sequence[IncomingMessage], ours: set[str]) -> list[LostEvent]:
    found: dict[UUID, LostEvent] = {}
    for message in messages:
        headers = read_headers(message)
        event_id, aggregate_type = headers.uuid("event_id"), headers.text("aggregate_type")
        if event_id is None or aggregate_type is None or aggregate_type not in ours:
            continue
        found[event_id] = LostEvent(
            event_id=event_id,
            event_type=headers.event_type,
            aggregate_type=aggregate_type,
            aggregate_id=headers.text("aggregate_id"),
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
        )
    unknown = unknown_event_ids(list(found))
    return [one for event_id, one in found.items() if event_id in unknown]
