"""Event envelope: what is known of an event beside its payload, before it is recorded (`NewEvent`) and after.

What goes in and what is stored (`RecordedEvent`) are two types: only the store gives positions and versions. Between
them stands `Envelope`, all that is decided before: the content hash covers it, and statements take their columns from
it (docs/adr/0015).
"""

from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct, field


class StreamId(Struct, frozen=True):
    """The name of a stream: one aggregate's events, in the order of their versions."""

    aggregate_type: str
    """Letters, digits, `.`, `_` and `-`; at most 100 characters. It is part of a topic's name."""
    aggregate_id: str
    """1 to 255 characters without control characters and slashes, and neither `.` nor `..`."""

    def __str__(self) -> str:
        return f"{self.aggregate_type}/{self.aggregate_id}"


class Untyped(Struct, frozen=True):
    """The payload of an event whose type no code registers: any I-JSON object."""

    event_type: str
    data: dict[str, Any]
    schema_version: int = 1


class Expected(IntEnum):
    """What an append expects of the stream when it does not name an exact version."""

    NO_STREAM = 0
    ANY = -1
    STREAM_EXISTS = -2


class NewEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event to append. What is left out is filled in by the store, from the surrounding `event_context` or anew."""

    payload: Struct
    """An instance of a registered event class, or `Untyped`."""
    event_id: UUID | None = None
    """Names the event for ever and makes a repeated append harmless."""
    timestamp: datetime | None = None
    """When it happened, with an offset; the time of the append when left out."""
    correlation_id: UUID | None = None
    """The conversation that the event belongs to."""
    causation_id: UUID | None = None
    """The event or command that caused this one."""
    user_id: str | None = None
    """Who did it."""
    source_service: str | None = None
    """The service that the event comes from. When left out it is the one that owns the aggregate, or else the event's
    type, or else `NOVA_SERVICE`; events of an aggregate that a service owns come from no other."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Anything else about the event that is not part of the fact; an I-JSON object."""
    content_hash: bytes | None = None
    """Under which a store has recorded the event before. Given, the event is taken over as it was recorded, with its
    clock, and its payload in the version and form that it has; or refused, if it says anything else."""


class Envelope(Struct, frozen=True, omit_defaults=True, gc=False):
    """All of an event that is known before the store gives it position and version, with every blank filled.

    The content hash covers its canonical JSON. A later column comes last and has a default: where an event does not
    have it, its hash is what it was before there was one.
    """

    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    aggregate_type: str
    aggregate_id: str
    timestamp: datetime
    correlation_id: UUID
    causation_id: UUID | None
    user_id: str | None
    metadata: Raw
    """Canonical JSON, as it is kept."""
    payload: Raw
    """Canonical JSON, as it is kept, in whatever encoding it is stored."""


ENVELOPE_COLUMNS = tuple(name for name in Envelope.__struct_fields__ if name != "payload")
"""The columns that every table of events has alike; a payload is JSON in one and may be packed in another."""


class EventHead(Struct, frozen=True, gc=False):
    """An event without what it says: all that lists and searches show, and nobody needs to decode or decrypt."""

    position: int
    """Place in the log of all events."""
    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    aggregate_type: str
    aggregate_id: str
    version: int
    """Place in the stream."""
    timestamp: datetime
    """When it happened (UTC)."""
    created_at: datetime
    """When it was recorded (UTC)."""
    correlation_id: UUID | None
    causation_id: UUID | None
    user_id: str | None

    @property
    def stream(self) -> StreamId:
        """The stream that the event belongs to."""
        return StreamId(self.aggregate_type, self.aggregate_id)


class RecordedEvent(Struct, frozen=True, gc=False):
    """An event as the store keeps it, for ever.

    Write its fields by name. It takes them by position too, for the one place that makes very many: that saves a third
    of the time of reading.
    """

    position: int
    """Place in the log of all events; rising, with gaps."""
    event_id: UUID
    event_type: str
    schema_version: int
    """Version of the payload's schema, as it is read here."""
    source_service: str
    aggregate_type: str
    aggregate_id: str
    version: int
    """Place in the stream: 1, 2, 3 … without a gap."""
    timestamp: datetime
    """When it happened (UTC)."""
    created_at: datetime
    """When it was recorded (UTC)."""
    correlation_id: UUID | None
    causation_id: UUID | None
    user_id: str | None
    metadata: dict[str, Any]
    payload: Struct
    """An instance of the registered event class, or `Untyped`."""
    content_hash: bytes
    """SHA-256 over the canonical envelope, as it was written; see `events.codec.canonical`."""
    upcast_from: int | None = None
    """The version that the payload was written in, where that is older than `schema_version`."""

    @property
    def stream(self) -> StreamId:
        """The stream that the event belongs to."""
        return StreamId(self.aggregate_type, self.aggregate_id)


class StreamWrite(Struct, frozen=True, kw_only=True):
    """The events to append to one stream, and what is expected of it."""

    stream: StreamId
    events: list[NewEvent]
    expected_version: int = Expected.ANY
    """An exact version, or one of `Expected`."""


class Appended(Struct, frozen=True, kw_only=True):
    """The answer to an append, the same for every repetition of it."""

    stream: StreamId
    first_version: int
    """Version of the first of the appended events."""
    version: int
    """Version of the last of them."""
    positions: tuple[int, ...]
    event_ids: tuple[UUID, ...]
    replayed: bool = False
    """Whether the events had been appended before, and this is the first answer again."""


class LogPage(Struct, frozen=True, kw_only=True):
    """A page of the log."""

    events: list[RecordedEvent]
    """In the order of their positions."""
    position: int
    """How far a follower has seen the log after this page: its next cursor, also when no event matched."""
    safe_position: int
    """How far the log could be read then; equal to `position` when the follower has caught up."""
