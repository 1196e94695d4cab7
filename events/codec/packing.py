"""MessagePack: says what canonical JSON says, value for value, so that the same text comes back."""

import re
from typing import Any

import msgspec

from events.codec.canonical import canonical
from events.codec.ijson import MAX_INTEGER

# Canonical JSON writes 1e20 as an integer, which has no place in MessagePack.
_LONG_NUMBER = re.compile(rb"\d{16}")


def pack(text: bytes) -> bytes:
    """Canonical JSON as MessagePack."""
    value = msgspec.json.decode(text)
    return msgspec.msgpack.encode(_with_floats(value) if _LONG_NUMBER.search(text) else value)


def unpack(body: bytes) -> bytes:
    """MessagePack as the canonical JSON that it was made of."""
    return canonical(msgspec.msgpack.decode(body))


def _with_floats(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_floats(item) for key, item in value.items()}
        case list():
            return [_with_floats(item) for item in value]
        case int() if abs(value) > MAX_INTEGER:
            return float(value)
        case _:
            return value
