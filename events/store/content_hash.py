"""Content hash: what an event says, whoever asks and whenever, as SHA-256 over its canonical envelope."""

from hashlib import sha256

import msgspec

from events.codec.canonical import without_fractions
from events.envelope import Envelope


def content_hash(envelope: Envelope) -> bytes:
    """SHA-256 over the envelope's canonical JSON (RFC 8785), of the kept text as well."""
    return sha256(without_fractions(_ENCODER.encode(envelope))).digest()


# Sorted is canonical here: the keys are ASCII, the only number is a small integer, and both documents are canonical.
_ENCODER = msgspec.json.Encoder(order="sorted")
