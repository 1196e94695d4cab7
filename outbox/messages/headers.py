"""Message headers: read once, as texts, from Nova's own names or those of CloudEvents; anybody may have written them.

Of a header that comes twice, the last counts; one without a value, or with one that is no text, is as good as absent.
A consumer spends most of its time here: headers that are nothing but text are decoded all at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from events.api import EventType, clock_of, registry
from outbox.bus.base import IncomingMessage
from outbox.bus.headers import PLACE_NAMESPACE
from outbox.messages.encoding import cloud_events_name

HeaderTexts = dict[str, Any]
"""Header values by name. Any, because the rest of the event joins them on the fast path of decoding."""


class Headers(Struct, frozen=True, gc=False):
    """What the headers of a message say. A value that is not what it should be is as good as absent."""

    message: IncomingMessage
    texts: HeaderTexts
    are_plain: bool
    """Whether each value is such a text as PostgreSQL could keep; `texts` lacks those that are not."""
    event_type: str
    """By its present name; empty when the message names none."""
    known: EventType | None
    """What is registered under that name."""

    @property
    def event_id(self) -> UUID:
        """The event id that the message names, or one made from its place, the same at every delivery."""
        return self.uuid("event_id") or self._external_id() or self._id_of_place()

    @property
    def is_delete_marker(self) -> bool:
        """Whether the message says no more than that its key is gone, as in topics that are compacted: it is no event.

        It has no body, and itself names no type of event; Kafka calls it a tombstone.
        """
        message, texts = self.message, self.texts
        return message.body is None and not (message.unreadable or texts.get("event_type") or texts.get("ce_type"))

    def text(self, name: str) -> str | None:
        """A text that is not empty."""
        return self.texts.get(name) or self.texts.get(cloud_events_name(name)) or None

    def number(self, name: str) -> int | None:
        """A whole number of at most nine digits."""
        value = self.text(name)
        return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None

    def clock(self) -> int:
        """The Lamport clock, 0 when there is none."""
        value = self.text("clock")
        return (
            clock_of({"clock": int(value)}) if value and value.isascii() and value.isdigit() and len(value) < 17 else 0
        )

    def uuid(self, name: str) -> UUID | None:
        """A UUID in any of its forms."""
        value = self.text(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            return None

    def time(self, name: str) -> datetime | None:
        """A time with an offset, in UTC."""
        value = self.text(name)
        try:
            timestamp = datetime.fromisoformat(value) if value else None
            return timestamp.astimezone(UTC) if timestamp and timestamp.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def _id_of_place(self) -> UUID:
        message = self.message
        # A topic that was made anew counts its offsets anew, under the same name.
        topic = message.topic_id or message.topic
        return uuid5(PLACE_NAMESPACE, f"{topic}/{message.partition}/{message.offset}")

    def _external_id(self) -> UUID | None:
        """Made from the id of somebody else's CloudEvent, which is unique together with its source."""
        sent = dict(self.message.headers)
        values = sent.get("ce_source"), sent.get("ce_id")
        return uuid5(PLACE_NAMESPACE, repr(values)) if all(values) else None


def read_headers(message: IncomingMessage) -> Headers:
    """The headers of a message, and the event type that they name."""
    texts, are_plain = _texts(message.headers)
    event_type: str = texts.get("event_type") or texts.get("ce_type") or ""
    known = registry.named(event_type)
    if known is None:
        event_type = registry.present_name(event_type, message.topic)
        known = registry.named(event_type)
    return Headers(message, texts, are_plain, event_type, known)


def event_type_of(message: IncomingMessage) -> str:
    """The event type that the message names, by its present name; empty when it names none."""
    return read_headers(message).event_type


def event_id_of(message: IncomingMessage) -> UUID:
    """The event id that the message names, or one made from its place, the same at every delivery."""
    return read_headers(message).event_id


def _texts(headers: Sequence[tuple[str, bytes | None]]) -> tuple[HeaderTexts, bool]:
    try:
        texts = {name: value.decode() for name, value in headers}  # type: ignore[union-attr]
        if "\x00" not in "".join(texts.values()):
            return texts, True
    except (AttributeError, UnicodeDecodeError):
        pass
    return {name: text for name, value in dict(headers).items() if (text := _text(value))}, False


def _text(value: bytes | None) -> str | None:
    try:
        # Nothing that Nova sends has a NUL, and PostgreSQL would not keep it.
        return value.decode() if value and b"\x00" not in value else None
    except UnicodeDecodeError:
        return None
