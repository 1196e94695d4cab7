"""How does a row become an event? The one function that knows the columns of the reading statements.

Whoever reads an event has seen it: the process's clock takes notice.
"""

from typing import Any

import msgspec

from events.clock import clock_of, process_clock
from events.codec.payloads import decode_payload
from events.codec.pipeline import JSON
from events.envelope import RecordedEvent
from events.registry import registry

_METADATA = msgspec.json.Decoder(dict[str, Any])


def recorded(row: tuple[Any, ...]) -> RecordedEvent:
    """The event of a row."""
    event_type, written_in, encoding = row[2], row[3], row[16]
    metadata = _METADATA.decode(row[13])
    process_clock.witness(clock_of(metadata))
    known = registry.named(event_type)
    outdated = known is not None and written_in < known.version
    return RecordedEvent(
        position=row[0],
        event_id=row[1],
        event_type=event_type,
        schema_version=known.version if known is not None and outdated else written_in,
        source_service=row[4],
        aggregate_type=row[5],
        aggregate_id=row[6],
        version=row[7],
        timestamp=row[8],
        created_at=row[9],
        correlation_id=row[10],
        causation_id=row[11],
        user_id=row[12],
        metadata=metadata,
        payload=decode_payload(event_type, written_in, row[14] if encoding == JSON else row[17], encoding),
        content_hash=row[15],
        upcast_from=written_in if outdated else None,
    )
