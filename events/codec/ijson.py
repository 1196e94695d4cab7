"""I-JSON (RFC 7493): JSON text is read strictly, or refused with a pointer to what is wrong.

Python's own parser is lenient: it takes the last of two equal keys, NaN, lone surrogates and integers that other
languages round. A store keeps what it accepts for ever, so all of that is refused here.
"""

import json
import math
from collections.abc import Collection
from typing import Any

from events.exceptions import InvalidJSON, TooManyValues
from kit.json.pointer import escape
from kit.json.schema import MAX_INTEGER

MAX_DEPTH = 64
MAX_VALUES = 500_000
"""More than one event can hold; a few megabytes may hold millions, and would take seconds and gigabytes."""


def loads(text: bytes, *, documents: Collection[str] = ()) -> Any:
    """The value that the UTF-8 text says. Raises `InvalidJSON` with a pointer to what is wrong.

    Members named in `documents` are documents of their own: they may nest as deep as if each stood alone, so that
    what was accepted by itself can also be sent within something else. Raises `TooManyValues` before anything is
    decoded.
    """
    check_number_of_values(text)
    try:
        value = _DECODER.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise InvalidJSON(f"nested more than {MAX_DEPTH} deep") from error
    _check(value, depth=0, documents=documents)
    return value


def check_number_of_values(text: bytes, most: int = MAX_VALUES) -> None:
    """Raise `TooManyValues` if the text has more than about `most` values, within milliseconds and with no memory.

    Each value has a comma before it, or the beginning of an array or an object.
    """
    if len(text) <= most or sum(map(text.count, _BEFORE_VALUES)) <= most:
        return
    # Many of them may stand in strings, as in prose; so those are left out.
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    values = quotes = 0
    for start in range(0, len(bare), _STRETCH):
        parts = bare[start : start + _STRETCH].split(b'"')
        # An odd number of quotes before it: the stretch begins inside of a string.
        outside = b"".join(parts[quotes % 2 :: 2])
        values += sum(map(outside.count, _BEFORE_VALUES))
        quotes += len(parts) - 1
        if values > most:
            if text.startswith(b"[" * (MAX_DEPTH + 1)):
                raise InvalidJSON(f"nested more than {MAX_DEPTH} deep")
            raise TooManyValues(most)


def check(value: object, pointer: str = "") -> None:
    """Raise `InvalidJSON` unless the value, made of Python's own types, can be said in I-JSON."""
    try:
        _check(value, depth=0, documents=())
    except InvalidJSON as error:
        raise error.within(pointer) from None


def _check(value: object, *, depth: int, documents: Collection[str]) -> None:
    match value:
        case str():
            _check_text(value)
        case bool() | None:
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise InvalidJSON("an integer beyond 2^53 - 1; send it as a string")
        case float():
            if not math.isfinite(value):
                raise InvalidJSON("a number that is not finite")
        case dict():
            _check_depth(depth)
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidJSON("a key that is not a string")
                _check_text(key)
                own = key in documents
                _check_part(item, key, depth=0 if own else depth + 1, documents=() if own else documents)
        case list() | tuple():
            _check_depth(depth)
            for index, item in enumerate(value):
                _check_part(item, index, depth=depth + 1, documents=documents)
        case _:
            raise InvalidJSON(f"{type(value).__name__} is not a JSON type")


def _check_part(value: object, place: str | int, *, depth: int, documents: Collection[str]) -> None:
    # Where something is, is put together on the way back from an error: most values have none.
    try:
        _check(value, depth=depth, documents=documents)
    except InvalidJSON as error:
        raise error.within(f"/{escape(str(place))}") from None


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise InvalidJSON(f"nested more than {MAX_DEPTH} deep")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidJSON("a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidJSON("half of a surrogate pair")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJSON(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return mapping


def _integer(digits: str) -> int:
    if len(digits) > len("-9007199254740991"):
        raise InvalidJSON("an integer beyond 2^53 - 1; send it as a string")
    return int(digits)


def _number(digits: str) -> float | int:
    """JSON has one kind of number, and JSON Schema counts 2.0 among the integers, as the canonical form writes it."""
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) <= MAX_INTEGER else number


def _refuse_constant(name: str) -> Any:
    raise InvalidJSON(f"{name} is not JSON")


_BEFORE_VALUES = (b",", b"[", b"{")
_STRETCH = 1024 * 1024
_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=_integer, parse_float=_number, parse_constant=_refuse_constant
)
