"""Decoding: a message as the event that a handler receives, or the reason why no handler can be given it.

A message of somebody else needs no more than a type and a JSON object: a tolerant way reads whatever of the headers can
be read. What the relay writes has a fast path: all headers at once, in C.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from events.api import InvalidEvent, decode_payload, payload_version
from outbox.bus.base import IncomingMessage
from outbox.exceptions import Poisonous
from outbox.messages.headers import Headers, read_headers
from outbox.messages.received import Number, ReceivedEvent, Text, Undecodable, UUIDOrNone

_READERS = {UUIDOrNone: Headers.uuid, Text | None: Headers.text, Number | None: Headers.number}
_READ_BY_TYPE = {field.name: _READERS[field.type] for field in fields(ReceivedEvent) if field.type in _READERS}
"""How the tolerant way reads the headers that a message need not have."""


def decode(message: IncomingMessage, headers: Headers | None = None) -> ReceivedEvent | Undecodable:
    """The event in a message; `headers` are its own, if they have been read."""
    try:
        return _decoded(headers or read_headers(message))
    except Poisonous as error:
        return Undecodable(error)


def to_event(message: IncomingMessage, headers: Headers | None = None) -> ReceivedEvent:
    """The event in a message. Raises `Poisonous` when there is none that a handler could be given."""
    decoded = decode(message, headers)
    if isinstance(decoded, Undecodable):
        raise decoded.error
    return decoded


def _decoded(headers: Headers) -> ReceivedEvent:
    try:
        return fast_path(headers) or tolerant_path(headers)
    except (Poisonous, MemoryError):
        raise
    except Exception as error:
        # A payload's own code may raise anything. It is asked of nobody but the message, and would say it again.
        raise Poisonous(f"the message cannot be read: {type(error).__name__}: {error}") from error


def fast_path(headers: Headers) -> ReceivedEvent | None:
    """The event, if its message is exactly what Nova writes of a registered type in its present version; else None."""
    known, message, texts = headers.known, headers.message, headers.texts
    if known is None or not headers.are_plain or texts.get("schema_version") != str(known.version):
        return None
    try:
        # Into the headers themselves, for a copy would be felt; the tolerant path looks none of these up.
        texts["payload"] = known.decoder.decode(message.body or b"")
        texts["topic"] = message.topic
        texts["partition"] = message.partition
        texts["offset"] = message.offset
        texts["key"] = message.key
        event = msgspec.convert(texts, ReceivedEvent, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # What names its type by an old name is for the tolerant path.
    return event if event.timestamp.tzinfo is UTC and event.event_type == known.name else None


def tolerant_path(headers: Headers) -> ReceivedEvent:
    """The event with all that can be read of its headers; what cannot is as good as absent. Raises `Poisonous`."""
    payload = _payload(headers)
    message = headers.message
    read: dict[str, Any] = {name: reader(headers, name) for name, reader in _READ_BY_TYPE.items()}
    read["source_service"] = (read["source_service"] or "").removeprefix("/") or None
    return ReceivedEvent(
        **read,
        event_id=headers.event_id,
        event_type=headers.event_type,
        schema_version=payload_version(payload),
        timestamp=headers.time("timestamp") or _written_at(message),
        clock=headers.clock(),
        payload=payload,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
    )


def _written_at(message: IncomingMessage) -> datetime:
    try:
        return datetime.fromtimestamp((message.timestamp or 0) / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise Poisonous(
            f"the message was written {message.timestamp} ms after 1970, at no time there can be",
            pointer="/timestamp",
        ) from error


def _payload(headers: Headers) -> Struct:
    message, event_type, known = headers.message, headers.event_type, headers.known
    if message.unreadable:
        raise Poisonous(message.unreadable)
    if not event_type:
        raise Poisonous("the message has no event_type header", pointer="/headers/event_type")
    if message.body is None:
        raise Poisonous(f"the message names the type {event_type} and has no body", pointer="/body")
    schema_version = headers.number("schema_version") or (known.version if known else 1)
    try:
        return decode_payload(event_type, schema_version, message.body)
    except (InvalidEvent, RecursionError) as error:
        pointer = f"/body{getattr(error, 'pointer', '')}"
        raise Poisonous(f"the body does not fit {event_type}: {error}", pointer=pointer) from error
