"""Test kit: handlers, and what is published, tested without a broker.

    handle(GROUP, received(PostCreated(…)))             # what a handler does about an event; no database needed
    bus = MemoryBus(); …; published_events(bus)         # what was published, as events
    deliver(bus, GROUP)                                 # what a consumer group does about it, each message once

For users of the platform too; `docs/testing-handlers.md` shows how.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import msgspec
from msgspec import Struct, structs

from events.api import Untyped, registry
from outbox.bus.base import IncomingMessage, OutgoingMessage, TopicSpec
from outbox.bus.factory import memory_bus
from outbox.bus.headers import PLACE_NAMESPACE
from outbox.bus.memory.bus import MemoryBus
from outbox.handling.handlers import ConsumerGroup, Handler
from outbox.handling.inbox import run_handlers, take_effect
from outbox.messages.decoding import to_event
from outbox.messages.encoding import CONTENT_TYPE
from outbox.messages.headers import event_type_of
from outbox.messages.received import ReceivedEvent

AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
"""When events happened where a test names no other time."""
BATCH = 500


def message(payload: Struct, *, topic: str = "tests", key: str = "key", **headers: str) -> OutgoingMessage:
    """The message of an event, as Nova or somebody else would publish it; `headers` add to it or replace its own."""
    event_type, version, body = _written(payload)
    named = {
        "event_type": event_type,
        "schema_version": str(version),
        "content-type": CONTENT_TYPE.decode(),
        "timestamp": AT.isoformat(),
        # The same for the same event, so that tests can expect it.
        "event_id": str(uuid5(PLACE_NAMESPACE, f"{topic}/{key}/{event_type}/{body!r}")),
    } | headers
    values = tuple((name, value.encode()) for name, value in named.items())
    return OutgoingMessage(topic=topic, key=key.encode(), body=body, headers=values)


def received(payload: Struct, **fields: Any) -> ReceivedEvent:
    """The event as a handler is given it, read from a real message; `fields` replace those of `ReceivedEvent`."""
    return structs.replace(to_event(_incoming(message(payload), offset=0)), **fields)


def handle(group: ConsumerGroup | Handler, *events: ReceivedEvent) -> None:
    """Give the events to the handlers that want them. Raises what they raise. Nothing remembers that it happened."""
    if isinstance(group, Handler):
        group = ConsumerGroup(name="tests", topics=(), handlers=(group,))
    run_handlers(group, events)


def publish(bus: MemoryBus, *messages: OutgoingMessage) -> None:
    """Put messages on the bus, whose topics come into being with them. Raises `AssertionError` where it refuses."""
    bus.ensure_topics([TopicSpec(name=name, partitions=1) for name in sorted({one.topic for one in messages})])
    refused = [result for result in bus.publish_batch(messages) if result]
    if refused:
        raise AssertionError(refused)


def published_events(bus: MemoryBus, topic: str | None = None) -> list[ReceivedEvent]:
    """What was published, on that topic or on all, in order."""
    return [
        to_event(_incoming(sent, offset=place))
        for place, sent in enumerate(bus.published)
        if topic in {None, sent.topic}
    ]


def deliver(bus: MemoryBus, group: ConsumerGroup) -> int:
    """Let the group work off what it has not received before, with its inbox, in one transaction; how many messages.

    Needs a database. Raises what a handler raises, instead of retries and dead letters.
    """
    subscription = bus.subscribe(group.name, group.topics)
    number = 0
    try:
        while messages := subscription.poll(limit=BATCH, timeout=0):
            take_effect(group, [to_event(one) for one in messages if group.wants(event_type_of(one))])
            subscription.commit({(one.topic, one.partition): one.offset + 1 for one in messages})
            number += len(messages)
    finally:
        bus.unsubscribe(subscription)
    return number


def _written(payload: Struct) -> tuple[str, int, bytes]:
    if isinstance(payload, Untyped):
        return payload.event_type, 1, msgspec.json.encode(payload.data)
    known = registry.of(payload)
    return known.name, known.version, msgspec.json.encode(payload)


def _incoming(sent: OutgoingMessage, *, offset: int) -> IncomingMessage:
    return IncomingMessage(
        topic=sent.topic,
        partition=0,
        offset=offset,
        key=sent.key,
        body=sent.body,
        headers=sent.headers,
        timestamp=int(AT.timestamp() * 1000),
    )


__all__: Sequence[str] = (
    "AT",
    "MemoryBus",
    "deliver",
    "handle",
    "memory_bus",
    "message",
    "publish",
    "published_events",
    "received",
)
