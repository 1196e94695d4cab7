"""Answers of the event store: events, streams and pages as structs, which also describe them in OpenAPI."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from events.envelope import Appended, RecordedEvent, Untyped
from events.store.streams.metadata import StreamMetadata, StreamSummary
from kit.rest.query import Timestamp

ArchivedAt = Annotated[Timestamp | None, Meta(description="Since when it is left out of lists.")]
TombstonedAt = Annotated[Timestamp | None, Meta(description="Since when it takes no events any more.")]


class EventAnswer(Struct, frozen=True, kw_only=True):
    """A recorded event."""

    position: Annotated[int, Meta(description="Place in the log of all events; rising, with gaps.")]
    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    aggregate_type: str
    aggregate_id: str
    version: Annotated[int, Meta(description="Place in the stream: 1, 2, 3 … without a gap.")]
    timestamp: Annotated[Timestamp, Meta(description="When it happened.")]
    created_at: Annotated[Timestamp, Meta(description="When it was recorded.")]
    correlation_id: UUID | None
    causation_id: UUID | None
    user_id: str | None
    metadata: dict[str, Any]
    payload: dict[str, Any]
    content_hash: Annotated[str, Meta(description="SHA-256 over the canonical envelope, hexadecimal.")]


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """A page of events."""

    items: list[EventAnswer]
    next: Annotated[int | None, Meta(description="Where the next page begins; null at the end.")]


class LogAnswer(Struct, frozen=True, kw_only=True):
    """A page of the log."""

    items: list[EventAnswer]
    next: Annotated[int, Meta(description="The follower's next `after`, also when the page is empty.")]
    safe_position: Annotated[int, Meta(description="How far the log could be read at that moment.")]


class TimePlace(Struct, frozen=True, kw_only=True):
    """A place in the order of times."""

    since: Timestamp
    after: int


class EventsByTimeAnswer(Struct, frozen=True, kw_only=True):
    """A page of events in the order of their times."""

    items: list[EventAnswer]
    next: Annotated[TimePlace | None, Meta(description="The `since` and `after` of the next page; null at the end.")]


class AppendedEventAnswer(Struct, frozen=True, kw_only=True):
    """Where an appended event is."""

    event_id: UUID
    version: int
    position: int


class AppendedAnswer(Struct, frozen=True, kw_only=True):
    """The answer to an append."""

    aggregate_type: str
    aggregate_id: str
    version: Annotated[int, Meta(description="The stream's version after the append.")]
    events: list[AppendedEventAnswer]


class MetadataAnswer(Struct, frozen=True, kw_only=True):
    """What is said about a stream."""

    aggregate_type: str
    aggregate_id: str
    title: str | None
    max_age: Annotated[float | None, Meta(description="Seconds; readers of the stream see no older events.")]
    max_count: Annotated[int | None, Meta(description="Readers see that many of the last events.")]
    archived_at: ArchivedAt
    tombstoned_at: TombstonedAt
    reason: str
    updated_by: str
    updated_at: Timestamp | None


class StreamAnswer(Struct, frozen=True, kw_only=True):
    """A stream in a list."""

    aggregate_type: str
    aggregate_id: str
    version: int
    started_at: Timestamp
    title: str | None
    archived_at: ArchivedAt
    tombstoned_at: TombstonedAt


class StreamsAnswer(Struct, frozen=True, kw_only=True):
    """A page of streams."""

    items: list[StreamAnswer]
    next: Annotated[str | None, Meta(description="The `after` of the next page; null at the end.")]


def event_answer(event: RecordedEvent) -> EventAnswer:
    """A recorded event."""
    payload = event.payload.data if isinstance(event.payload, Untyped) else msgspec.to_builtins(event.payload)
    columns = msgspec.structs.asdict(event) | {"payload": payload, "content_hash": event.content_hash.hex()}
    del columns["upcast_from"]
    return EventAnswer(**columns)


def appended_answer(appended: Appended) -> AppendedAnswer:
    """The answer to an append."""
    return AppendedAnswer(
        aggregate_type=appended.stream.aggregate_type,
        aggregate_id=appended.stream.aggregate_id,
        version=appended.version,
        events=[
            AppendedEventAnswer(event_id=event_id, version=version, position=position)
            for version, (event_id, position) in enumerate(
                zip(appended.event_ids, appended.positions, strict=True), appended.first_version
            )
        ],
    )


def metadata_answer(metadata: StreamMetadata) -> MetadataAnswer:
    """What is said about a stream."""
    return MetadataAnswer(
        aggregate_type=metadata.stream.aggregate_type,
        aggregate_id=metadata.stream.aggregate_id,
        title=metadata.title,
        max_age=None if metadata.max_age is None else metadata.max_age.total_seconds(),
        max_count=metadata.max_count,
        archived_at=metadata.archived_at,
        tombstoned_at=metadata.tombstoned_at,
        reason=metadata.reason,
        updated_by=metadata.updated_by,
        updated_at=metadata.updated_at,
    )


def stream_answer(summary: StreamSummary) -> StreamAnswer:
    """A stream in a list."""
    return StreamAnswer(
        aggregate_type=summary.stream.aggregate_type,
        aggregate_id=summary.stream.aggregate_id,
        version=summary.version,
        started_at=summary.started_at,
        title=summary.title,
        archived_at=summary.archived_at,
        tombstoned_at=summary.tombstoned_at,
    )
