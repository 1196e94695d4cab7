"""MessagePack: says what canonical JSON says, value for value, so that the same text comes back."""

import msgspec

from events.codec.canonical import canonical, with_fractions


def pack(text: bytes) -> bytes:
    """Canonical JSON as MessagePack, in which a double is a double."""
    return msgspec.msgpack.encode(msgspec.json.decode(with_fractions(text)))


def unpack(body: bytes) -> bytes:
    """MessagePack as the canonical JSON that it was made of."""
    return canonical(msgspec.msgpack.decode(body))
