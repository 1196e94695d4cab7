"""How do events and answers look in JSON?"""

from typing import Any

import msgspec

from events.envelope import Appended, RecordedEvent, Untyped
from events.store.streams.metadata import StreamMetadata, StreamSummary


def event_body(event: RecordedEvent) -> dict[str, Any]:
    """A recorded event."""
    payload = event.payload.data if isinstance(event.payload, Untyped) else msgspec.to_builtins(event.payload)
    body = msgspec.structs.asdict(event) | {"payload": payload, "content_hash": event.content_hash.hex()}
    del body["upcast_from"]
    return body


def appended_body(appended: Appended) -> dict[str, Any]:
    """The answer to an append."""
    return {
        "aggregate_type": appended.stream.aggregate_type,
        "aggregate_id": appended.stream.aggregate_id,
        "version": appended.version,
        "events": [
            {"event_id": event_id, "version": version, "position": position}
            for version, (event_id, position) in enumerate(
                zip(appended.event_ids, appended.positions, strict=True), appended.first_version
            )
        ],
    }


def metadata_body(metadata: StreamMetadata) -> dict[str, Any]:
    """What is said about a stream."""
    return {
        "aggregate_type": metadata.stream.aggregate_type,
        "aggregate_id": metadata.stream.aggregate_id,
        "title": metadata.title,
        "max_age": None if metadata.max_age is None else metadata.max_age.total_seconds(),
        "max_count": metadata.max_count,
        "archived_at": metadata.archived_at,
        "tombstoned_at": metadata.tombstoned_at,
        "reason": metadata.reason,
        "updated_by": metadata.updated_by,
        "updated_at": metadata.updated_at,
    }


def stream_body(summary: StreamSummary) -> dict[str, Any]:
    """A stream in a list."""
    return {
        "aggregate_type": summary.stream.aggregate_type,
        "aggregate_id": summary.stream.aggregate_id,
        "version": summary.version,
        "started_at": summary.started_at,
        "title": summary.title,
        "archived_at": summary.archived_at,
        "tombstoned_at": summary.tombstoned_at,
    }
