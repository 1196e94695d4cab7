"""How are the headers that Nova itself writes read fast? All at once, in C; whatever is odd about them is left alone.

A consumer spends most of its time here, so what the relay writes has a way of its own. Anything else, the slow and
tolerant way of `outbox.message` reads.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from outbox.bus.base import IncomingMessage

Text = Annotated[str, Meta(min_length=1)]
Number = Annotated[int, Meta(ge=0, lt=10**9)]


class QuickHeaders(Struct, frozen=True, kw_only=True):
    """What Nova's own headers say."""

    event_type: Text
    event_id: UUID
    aggregate_type: Text
    aggregate_id: Text
    version: Number
    schema_version: Number
    source_service: Text
    timestamp: datetime
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    user_id: Text | None = None
    traceparent: Text | None = None
    clock: Annotated[int, Meta(ge=0, lt=2**53)] = 0


def quick_headers(message: IncomingMessage) -> QuickHeaders | None:
    """The headers, if they are exactly what Nova writes; else None."""
    if not message.headers:
        return None
    names, values = zip(*message.headers, strict=True)
    try:
        texts = b"\x00".join(values).decode().split("\x00")
        # A NUL inside a value makes one more text.
        if len(texts) != len(names):
            return None
        headers = msgspec.convert(dict(zip(names, texts, strict=True)), QuickHeaders, strict=False)
    except (TypeError, UnicodeDecodeError, msgspec.ValidationError):
        return None
    return headers if headers.timestamp.tzinfo is UTC else None
