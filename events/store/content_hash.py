"""What does an event say, whoever asks and whenever? The hash over its canonical envelope."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from msgspec import Raw, Struct


class CanonicalEnvelope(Struct, frozen=True):
    """What the content hash covers: all that is known before the store gives position and version.

    The fields stand in the order of RFC 8785, so that the envelope is written canonically as it is.
    """

    aggregate_id: str
    aggregate_type: str
    causation_id: UUID | None
    correlation_id: UUID
    event_id: UUID
    event_type: str
    metadata: Raw
    payload: Raw
    schema_version: int
    source_service: str
    timestamp: datetime
    user_id: str | None


def content_hash(envelope: CanonicalEnvelope) -> bytes:
    """SHA-256 over the envelope's canonical JSON."""
    return sha256(_ENCODER.encode(envelope)).digest()


_ENCODER = msgspec.json.Encoder()
