"""Content hash: what an event says, whoever asks and whenever, as SHA-256 over its canonical envelope."""

from hashlib import sha256

import msgspec

from events.codec.canonical import without_fractions
from events.envelope import Envelope


def content_hash(envelope: Envelope, *, is_canonical: bool = False) -> bytes:
    """SHA-256 over the envelope's canonical JSON (RFC 8785).

    Its documents may be as they are kept; whoever knows that they are canonical to the last digit saves the look.
    """
    text = _ENCODER.encode(envelope)
    return sha256(text if is_canonical else without_fractions(text)).digest()


# Sorted is canonical here: the keys are ASCII, the only number is a small integer, and both documents are canonical.
_ENCODER = msgspec.json.Encoder(order="sorted")
