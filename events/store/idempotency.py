"""Idempotency: an event that says again what was recorded under its id is answered with the first result (I3)."""

from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from events.clock import RESERVED
from events.codec.canonical import canonical
from events.codec.payloads import encode_payload
from events.envelope import Envelope, NewEvent, RecordedEvent
from events.store.content_hash import content_hash
from events.store.prepared import PreparedEvent

_DOCUMENTS = {"metadata", "payload"}
_BLANKS = set(Envelope.__struct_fields__) & set(NewEvent.__struct_fields__) - _DOCUMENTS
"""What the store fills in where the caller says nothing."""


def says_the_same(event: PreparedEvent, recorded: RecordedEvent) -> bool:
    """Whether the new event, with the blanks that its caller left filled as in the recorded one, is that one.

    One that was written in an older version is compared as both are read today.
    """
    restated = content_hash(_restated(event, recorded))
    if restated == recorded.content_hash:
        return True
    return recorded.upcast_from is not None and restated == content_hash(_as_read(recorded))


def _restated(event: PreparedEvent, recorded: RecordedEvent) -> Envelope:
    filled = {name: getattr(recorded, name) for name in _BLANKS if getattr(event.new, name) is None}
    if filled.get("correlation_id", ...) is None:
        del filled["correlation_id"]
    metadata = _restated_metadata(event.new.metadata, recorded.metadata)
    return replace(event.envelope, **filled, metadata=Raw(canonical(metadata)))


def _restated_metadata(new: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    return recorded | {key: value for key, value in new.items() if key not in RESERVED}


def _as_read(recorded: RecordedEvent) -> Envelope:
    fields = {name: getattr(recorded, name) for name in Envelope.__struct_fields__}
    return Envelope(
        **fields
        | {
            "correlation_id": recorded.correlation_id or recorded.event_id,
            "metadata": Raw(canonical(recorded.metadata)),
            "payload": Raw(encode_payload(recorded.payload)),
        }
    )
