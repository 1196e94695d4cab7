"""Rows as events: the one function that knows the columns of the reading statements (`events.sql.columns`).

Whoever reads an event has seen it: the process's clock takes notice.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from events.clock import clock_of, process_clock
from events.codec.payloads import as_it_stands, decode_payload
from events.codec.pipeline import JSON
from events.envelope import RecordedEvent
from events.exceptions import InvalidEvent
from events.types.registry import registry

Row = tuple[Any, ...]
"""The columns that each reading statement returns, in its order; times as text, which is read ten times as fast."""

_METADATA = msgspec.json.Decoder(dict[str, Any])


def recorded(row: Row) -> RecordedEvent:
    """The event of a row."""
    return recorded_events((row,))[0]


def recorded_events(rows: Iterable[Row], *, untyped: bool = False) -> list[RecordedEvent]:
    """The events of rows, in their order; `untyped` as they were written, whatever the code says of their types."""
    # Names looked up once a page, for this is half of what a replay costs.
    named, in_another_form = (_unknown, as_it_stands) if untyped else (registry.named, decode_payload)
    time, decode, witness = datetime.fromisoformat, _METADATA.decode, process_clock.witness
    events = []
    for (
        position,
        event_id,
        event_type,
        written_in,
        source_service,
        aggregate_type,
        aggregate_id,
        version,
        timestamp,
        created_at,
        correlation_id,
        causation_id,
        user_id,
        metadata_text,
        payload_text,
        content_hash,
        encoding,
        payload_bytes,
    ) in rows:
        known = named(event_type)
        metadata = decode(metadata_text)
        witness(clock_of(metadata))
        try:
            if known is not None and known.version == written_in and encoding == JSON:
                payload = known.decoder.decode(payload_text)
                current = written_in
            else:
                body = payload_text if encoding == JSON else payload_bytes
                payload = in_another_form(event_type, written_in, body, encoding)
                current = written_in if known is None else max(written_in, known.version)
        except (msgspec.ValidationError, InvalidEvent):
            # Written before its type was known here. One such event must not make the log unreadable.
            body = payload_text if encoding == JSON else payload_bytes
            payload = as_it_stands(event_type, written_in, body, encoding)
            current = written_in
        events.append(
            # In the order of its fields.
            RecordedEvent(
                position,
                event_id,
                event_type,
                current,
                source_service,
                aggregate_type,
                aggregate_id,
                version,
                time(timestamp),
                time(created_at),
                correlation_id,
                causation_id,
                user_id,
                metadata,
                payload,
                content_hash,
                None if current == written_in else written_in,
            )
        )
    return events


def _unknown(_: str) -> None:
    return None
