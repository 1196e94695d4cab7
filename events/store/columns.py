"""How do prepared events go into the statements that append them? One by its columns, several as JSON documents."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from events.codec.pipeline import JSON
from events.envelope import StreamWrite
from events.store.prepared import PreparedEvent


class _StreamRow(Struct, frozen=True):
    stream: int
    aggregate_type: str
    aggregate_id: str
    expected: int


class _EventRow(Struct, frozen=True, omit_defaults=True):
    ord: int
    stream: int
    step: int
    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    timestamp: datetime
    correlation_id: UUID
    causation_id: UUID | None
    user_id: str | None
    metadata: Raw
    payload: Raw | None
    content_hash: str
    encoding: str = JSON
    payload_bytes: bytes | None = None


def parameters(write: StreamWrite, event: PreparedEvent) -> dict[str, Any]:
    """The write's only event for `append_one.sql`."""
    return {
        "expected": int(write.expected_version),
        "event_id": event.event_id,
        "event_type": event.event_type,
        "schema_version": event.schema_version,
        "source_service": event.source_service,
        "aggregate_type": event.aggregate_type,
        "aggregate_id": event.aggregate_id,
        "timestamp": event.timestamp,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "user_id": event.user_id,
        "metadata": event.metadata,
        "payload": event.payload if event.packed is None else None,
        "content_hash": event.content_hash,
        "encoding": event.encoding,
        "payload_bytes": event.packed,
    }


def documents(
    writes: Sequence[StreamWrite],
    prepared: Sequence[Sequence[PreparedEvent]],
    values: Callable[[PreparedEvent], Mapping[str, Any]],
) -> dict[str, str]:
    """Several events for `append_many.sql`, and what the append hook wants to know of each."""
    streams: list[_StreamRow] = []
    rows: list[_EventRow] = []
    more: list[dict[str, Any]] = []
    for number, (write, events) in enumerate(zip(writes, prepared, strict=True)):
        streams.append(
            _StreamRow(number, write.stream.aggregate_type, write.stream.aggregate_id, write.expected_version)
        )
        for step, event in enumerate(events, 1):
            place = len(rows) + 1
            more.append({"ord": place, **values(event)})
            rows.append(
                _EventRow(
                    place,
                    number,
                    step,
                    event.event_id,
                    event.event_type,
                    event.schema_version,
                    event.source_service,
                    event.timestamp,
                    event.correlation_id,
                    event.causation_id,
                    event.user_id,
                    Raw(event.metadata),
                    Raw(event.payload) if event.packed is None else None,
                    event.content_hash.hex(),
                    event.encoding,
                    event.packed,
                )
            )
    encode = _ENCODER.encode
    return {"streams": encode(streams).decode(), "events": encode(rows).decode(), "more": encode(more).decode()}


_ENCODER = msgspec.json.Encoder()
