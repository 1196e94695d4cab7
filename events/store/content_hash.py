"""Content hash: what an event says, whoever asks and whenever, as SHA-256 over its canonical envelope."""

from hashlib import sha256

import msgspec

from events.codec.canonical import without_fractions
from events.envelope import Envelope


def content_hash(envelope: Envelope) -> bytes:
    """SHA-256 over the envelope's canonical JSON (RFC 8785); its documents may be as they are kept."""
    return hash_of(canonical_envelope(envelope), is_canonical=False)


def canonical_envelope(envelope: Envelope) -> bytes:
    """The envelope's canonical JSON, but for the fractions that its documents keep."""
    return _ENCODER.encode(envelope)


def hash_of(text: bytes, *, is_canonical: bool) -> bytes:
    """The content hash of what `canonical_envelope` has given.

    Whoever knows that its documents are canonical to the last digit saves the look.
    """
    return sha256(text if is_canonical else without_fractions(text)).digest()


# Sorted is canonical here: the keys are ASCII, the only number is a small integer, and both documents are canonical.
_ENCODER = msgspec.json.Encoder(order="sorted")
