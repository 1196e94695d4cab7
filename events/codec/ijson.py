"""I-JSON (RFC 7493): JSON text is read strictly, or refused with a pointer to what is wrong.

Python's own parser is lenient: it takes the last of two equal keys, NaN, lone surrogates and integers that other
languages round. A store keeps what it accepts for ever, so all of that is refused here.
"""

import json
import math
from typing import Any

from events.exceptions import InvalidJSON
from kit.json_pointer import escape

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64


def loads(text: bytes) -> Any:
    """The value that the UTF-8 text says. Raises `InvalidJSON` with a pointer to what is wrong."""
    try:
        value = _DECODER.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise InvalidJSON(f"nested more than {MAX_DEPTH} deep") from error
    check(value)
    return value


def check(value: object, pointer: str = "") -> None:
    """Raise `InvalidJSON` unless the value, made of Python's own types, can be said in I-JSON."""
    try:
        _check(value, depth=0)
    except InvalidJSON as error:
        raise error.within(pointer) from None


def _check(value: object, *, depth: int) -> None:
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
                _check_part(item, key, depth=depth + 1)
        case list() | tuple():
            _check_depth(depth)
            for index, item in enumerate(value):
                _check_part(item, index, depth=depth + 1)
        case _:
            raise InvalidJSON(f"{type(value).__name__} is not a JSON type")


def _check_part(value: object, place: str | int, *, depth: int) -> None:
    # Where something is, is put together on the way back from an error: most values have none.
    try:
        _check(value, depth=depth)
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


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=_integer, parse_float=_number, parse_constant=_refuse_constant
)
