"""Canonical JSON (RFC 8785): the one text of a JSON value, which content hashes stand on; and the text that is kept.

The two differ in one thing. RFC 8785 writes a double such as 1e16 as JavaScript does, `10000000000000000`, and whoever
reads that, Nova included, takes it for an integer beyond 2^53 - 1, which I-JSON does not trust. So the text that is
stored, published and exported keeps a fraction there, `10000000000000000.0`, and is read as the double that it is.
"""

import re
from typing import Any

import msgspec
import rfc8785

from kit.json.schema import MAX_INTEGER

_ENCODER = msgspec.json.Encoder(order="sorted")
_LONG_NUMBER = re.compile(rb"\d{16}")
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_INTEGERS = re.compile(_STRING + rb"|-?\d+[.eE][-+.eE\d]*|(?P<integer>-?\d{16,})")
_FRACTIONS = re.compile(_STRING + rb"|(?P<integer>-?\d{16,})\.0(?![\deE])")


def canonical(value: object) -> bytes:
    """The canonical text of a value made of Python's own JSON types that `ijson.check` has passed."""
    return _carefully(value) if _needs_care(value) else _ENCODER.encode(value)


def kept(value: object) -> bytes:
    """The canonical text, in which doubles beyond 2^53 - 1 keep a fraction."""
    return with_fractions(_carefully(value)) if _needs_care(value) else _ENCODER.encode(value)


def canonical_plain(value: object) -> bytes:
    """The canonical text of a value without numbers whose keys are ASCII, such as most structs; many times faster."""
    return _ENCODER.encode(value)


def with_fractions(text: bytes) -> bytes:
    """A canonical text as it is kept: integers beyond 2^53 - 1, which only doubles can be, get a fraction."""
    return _INTEGERS.sub(_as_double, text) if may_have_long_numbers(text) else text


def without_fractions(text: bytes) -> bytes:
    """The canonical text of one that is kept."""
    return _FRACTIONS.sub(_as_integer, text) if may_have_fractions(text) else text


def may_have_long_numbers(text: bytes) -> bool:
    """Whether an integer in it may be beyond 2^53 - 1; the cheap half of a look."""
    return _LONG_NUMBER.search(text) is not None


def may_have_fractions(text: bytes) -> bool:
    """Whether a look at a kept text is worth its while; the cheap half of one."""
    # The first answers for most; times and prices within a text have no such end.
    return b".0" in text and (b".0," in text or b".0}" in text or b".0]" in text or text.endswith(b".0"))


def _carefully(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        # Read from a canonical text that had no fraction.
        return rfc8785.dumps(_with_doubles(value))


def _as_double(token: re.Match[bytes]) -> bytes:
    integer = token["integer"]
    return token[0] if integer is None or abs(int(integer)) <= MAX_INTEGER else integer + b".0"


def _as_integer(token: re.Match[bytes]) -> bytes:
    return token["integer"] or token[0]


def _with_doubles(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_doubles(item) for key, item in value.items()}
        case list() | tuple():
            return [_with_doubles(item) for item in value]
        case int() if abs(value) > MAX_INTEGER:
            return float(value)
        case _:
            return value


def _needs_care(value: Any) -> bool:
    """Whether msgspec's sorted text may differ from RFC 8785: it writes floats and sorts astral keys in its own way."""
    if isinstance(value, dict):
        return any(not key.isascii() or _needs_care(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_needs_care, value))
    return isinstance(value, float)
