"""What does a message look like on the topic, and how does a message become an event again?

The body is the payload and nothing else; everything about it stands in headers: under Nova's own names, or under those
of CloudEvents 1.0 in binary mode, as the settings want it (cloudevents/bindings/kafka-protocol-binding.md of its
specification). Both are understood. A message of somebody else needs no more than a type and a JSON object.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid5

from msgspec import Struct

from events.api import InvalidEvent, clock_of, decode_payload, payload_version, registry
from outbox.bus.base import IncomingMessage
from outbox.bus.headers import PLACE_NAMESPACE
from outbox.exceptions import Poisonous
from outbox.messages.encoding import CLOUD_EVENTS
from outbox.messages.fast_path import HeaderTexts, fast_path_event
from outbox.messages.received import ReceivedEvent


def event_type_of(message: IncomingMessage) -> str:
    """The event type that the message names, by its present name; empty when it names none."""
    return registry.present_name(_Headers(message).text("event_type") or "", message.topic)


def event_id_of(message: IncomingMessage) -> UUID:
    """The event id that the message names, or one made from its place, the same at every delivery."""
    headers = _Headers(message)
    return (
        headers.uuid("event_id")
        or headers.external_id()
        or uuid5(PLACE_NAMESPACE, f"{message.topic}/{message.partition}/{message.offset}")
    )


def to_event(message: IncomingMessage, texts: HeaderTexts | None = None) -> ReceivedEvent:
    """The event in a message. Raises `Poisonous` when there is none that a handler could be given.

    `texts` are its headers, if they have been read and are nothing but texts; they are used up.
    """
    if texts is not None and (known := registry.named(texts.get("event_type", ""))):
        version = known.version
        if texts.get("schema_version") == str(version):
            quick = fast_path_event(message, texts, _payload(known.name, version, message))
            if quick is not None:
                return quick
    if message.unreadable:
        raise Poisonous(message.unreadable)
    headers = _Headers(message)
    event_type = event_type_of(message)
    if not event_type:
        raise Poisonous("the message has no event_type header")
    known = registry.named(event_type)
    schema_version = headers.number("schema_version") or (known.version if known else 1)
    payload = _payload(event_type, schema_version, message)
    return ReceivedEvent(
        event_id=event_id_of(message),
        event_type=event_type,
        schema_version=payload_version(payload),
        source_service=(headers.text("source_service") or "").removeprefix("/") or None,
        aggregate_type=headers.text("aggregate_type"),
        aggregate_id=headers.text("aggregate_id"),
        version=headers.number("version"),
        timestamp=headers.time("timestamp") or datetime.fromtimestamp((message.timestamp or 0) / 1000, UTC),
        correlation_id=headers.uuid("correlation_id"),
        causation_id=headers.uuid("causation_id"),
        user_id=headers.text("user_id"),
        traceparent=headers.text("traceparent"),
        clock=headers.clock(),
        payload=payload,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
    )


def _payload(event_type: str, schema_version: int, message: IncomingMessage) -> Struct:
    try:
        return decode_payload(event_type, schema_version, message.body or b"")
    except (InvalidEvent, RecursionError) as error:
        raise Poisonous(f"the body does not fit {event_type}: {error}") from error


class _Headers:
    """Header values as what they should be; what is not is as good as absent, for only the type decides."""

    def __init__(self, message: IncomingMessage) -> None:
        self._values: Mapping[str, bytes | None] = dict(message.headers)

    def text(self, name: str) -> str | None:
        value = self._values.get(name) or self._values.get(CLOUD_EVENTS.get(name, name))
        try:
            # Nothing that Nova sends has a NUL, and PostgreSQL would not keep it.
            return value.decode() if value and b"\x00" not in value else None
        except UnicodeDecodeError:
            return None

    def number(self, name: str) -> int | None:
        value = self.text(name)
        return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None

    def clock(self) -> int:
        value = self.text("clock")
        return (
            clock_of({"clock": int(value)}) if value and value.isascii() and value.isdigit() and len(value) < 17 else 0
        )

    def uuid(self, name: str) -> UUID | None:
        value = self.text(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            return None

    def external_id(self) -> UUID | None:
        """Made from the id of somebody else's CloudEvent, which is unique together with its source."""
        values = self._values.get("ce_source"), self._values.get("ce_id")
        return uuid5(PLACE_NAMESPACE, repr(values)) if all(values) else None

    def time(self, name: str) -> datetime | None:
        value = self.text(name)
        try:
            moment = datetime.fromisoformat(value) if value else None
            return moment.astimezone(UTC) if moment and moment.tzinfo else None
        except (ValueError, OverflowError):
            return None
