"""Received event: what a message says of an event, and where the message came from."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from events.api import HIGHEST_RECEIVED
from outbox.exceptions import Poisonous

if TYPE_CHECKING:
    Payload = Struct
else:
    # msgspec reads events from headers, and knows no type for any struct.
    Payload = Any

Text = Annotated[str, Meta(min_length=1)]
Number = Annotated[int, Meta(ge=0, lt=10**9)]
UUIDOrNone = UUID | None


class ReceivedEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event as a handler receives it. What a message of somebody else does not say is None."""

    event_id: UUID
    event_type: Text
    schema_version: Number
    """Version of the payload's schema, as the handler gets it."""
    source_service: Text | None
    aggregate_type: Text | None
    aggregate_id: Text | None
    version: Number | None
    """Place in the stream, from 1."""
    timestamp: datetime
    """When it happened; when the message was written if it does not say (UTC)."""
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    user_id: Text | None = None
    traceparent: Text | None = None
    """W3C trace context."""
    clock: Annotated[int, Meta(ge=0, le=HIGHEST_RECEIVED)] = 0
    """Lamport clock, 0 when the message has none; what is appended about the event has a greater one."""
    payload: Payload
    """An instance of the registered event class, or `Untyped`."""
    topic: str
    partition: int
    offset: int
    key: bytes | None


class Undecodable(Struct, frozen=True):
    """A message that no handler can be given."""

    error: Poisonous
    """Why, with the place where that came to light."""
