"""Does an event say again what was recorded under its id? Then it is answered with the first result (I3)."""

from typing import Any

from msgspec import Raw

from events.clock import RESERVED
from events.codec.canonical import canonical
from events.codec.payloads import encode_payload
from events.envelope import RecordedEvent
from events.store.content_hash import CanonicalEnvelope, content_hash
from events.store.prepared import PreparedEvent


def says_the_same(event: PreparedEvent, recorded: RecordedEvent) -> bool:
    """Whether the new event, with the blanks that its caller left filled as in the recorded one, is that one.

    One that was written in an older version is compared as both are read today.
    """
    restated = content_hash(_restated(event, recorded))
    if restated == recorded.content_hash:
        return True
    return recorded.upcast_from is not None and restated == content_hash(_as_read(recorded))


def _restated(event: PreparedEvent, recorded: RecordedEvent) -> CanonicalEnvelope:
    new = event.new
    return CanonicalEnvelope(
        event_id=event.event_id,
        event_type=event.event_type,
        schema_version=event.schema_version,
        source_service=event.source_service if new.source_service else recorded.source_service,
        aggregate_type=event.aggregate_type,
        aggregate_id=event.aggregate_id,
        timestamp=event.timestamp if new.timestamp else recorded.timestamp,
        correlation_id=event.correlation_id if new.correlation_id else recorded.correlation_id or event.correlation_id,
        causation_id=event.causation_id if new.causation_id else recorded.causation_id,
        user_id=event.user_id if new.user_id else recorded.user_id,
        metadata=Raw(canonical(_restated_metadata(new.metadata, recorded.metadata))),
        payload=Raw(event.payload),
    )


def _restated_metadata(new: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in new.items() if key not in RESERVED}
    return recorded | said


def _as_read(recorded: RecordedEvent) -> CanonicalEnvelope:
    return CanonicalEnvelope(
        event_id=recorded.event_id,
        event_type=recorded.event_type,
        schema_version=recorded.schema_version,
        source_service=recorded.source_service,
        aggregate_type=recorded.aggregate_type,
        aggregate_id=recorded.aggregate_id,
        timestamp=recorded.timestamp,
        correlation_id=recorded.correlation_id or recorded.event_id,
        causation_id=recorded.causation_id,
        user_id=recorded.user_id,
        metadata=Raw(canonical(recorded.metadata)),
        payload=Raw(encode_payload(recorded.payload)),
    )
