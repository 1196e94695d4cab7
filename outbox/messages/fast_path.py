"""How are messages that Nova itself writes read fast? All headers at once, in C; whatever is odd is left alone.

A consumer spends most of its time here, so what the relay writes has a way of its own. Anything else, the slow and
tolerant way of `outbox.messages.decoding` reads.
"""

from datetime import UTC
from typing import Any

import msgspec
from msgspec import Struct

from outbox.bus.base import IncomingMessage
from outbox.messages.received import ReceivedEvent

HeaderTexts = dict[str, Any]
"""Header values by name. Any, because the rest of the event joins them."""


def header_texts(message: IncomingMessage) -> HeaderTexts | None:
    """The headers as texts, if all are such as PostgreSQL could keep; else None."""
    try:
        texts = {name: value.decode() for name, value in message.headers}  # type: ignore[union-attr]
    except (AttributeError, UnicodeDecodeError):
        return None
    return None if "\x00" in "".join(texts.values()) else texts


def fast_path_event(message: IncomingMessage, texts: HeaderTexts, payload: Struct) -> ReceivedEvent | None:
    """The event, if its headers are exactly what Nova writes; else None. `texts` are used up."""
    texts["payload"] = payload
    texts["topic"] = message.topic
    texts["partition"] = message.partition
    texts["offset"] = message.offset
    texts["key"] = message.key
    try:
        event = msgspec.convert(texts, ReceivedEvent, strict=False)
    except msgspec.ValidationError:
        return None
    return event if event.timestamp.tzinfo is UTC else None
