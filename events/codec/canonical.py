"""Canonical JSON (RFC 8785): the one text of a JSON value, which content hashes stand on."""

from typing import Any

import msgspec
import rfc8785

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """The canonical text of a value made of Python's own JSON types that `ijson.check` has passed."""
    return rfc8785.dumps(value) if _needs_care(value) else _ENCODER.encode(value)  # type: ignore[arg-type]


def canonical_plain(value: object) -> bytes:
    """The canonical text of a value without numbers whose keys are ASCII, such as most structs; many times faster."""
    return _ENCODER.encode(value)


def _needs_care(value: Any) -> bool:
    """Whether msgspec's sorted text may differ from RFC 8785: it writes floats and sorts astral keys in its own way."""
    if isinstance(value, dict):
        return any(not key.isascii() or _needs_care(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_needs_care, value))
    return isinstance(value, float)
