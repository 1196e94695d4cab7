"""Row values: where a value stands in a row of somebody else's file, and what its text stands for."""

import re
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from events.api import InvalidJSON, loads_json
from events.transfer.exceptions import BadRow

Row = dict[str, Any]


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value comes from and what is done to it."""

    field: str
    """Column of a CSV file; member of an NDJSON object, where dots lead into inner objects."""
    kind: Literal["text", "integer", "number", "boolean", "time", "json", "asis"] = "asis"
    """What the text stands for; `asis` keeps what NDJSON says, and CSV's text."""
    prefix: str = ""
    slug: bool = False
    """Lower case, with everything but letters and digits made underscores."""


def must(row: Row, value: str | Value, what: str) -> Any:
    """A value that an event cannot do without. Raises `BadRow` when there is none."""
    taken = take(row, value)
    if taken is None:
        where = f" in {value.field!r}" if isinstance(value, Value) else ""
        raise BadRow(f"no {what}{where}")
    return taken


def take(row: Row, value: str | Value | None, *, keep_empty: bool = False) -> Any:
    """A value, or `None` when the map has none or the row's field is empty. Raises `BadRow` for one of another kind."""
    if value is None or isinstance(value, str):
        return value
    found = look_up(row, value.field)
    if found is None or found == "":
        return found if keep_empty else None
    try:
        found = _CONVERSIONS[value.kind](found)
    except (ValueError, TypeError, InvalidJSON) as error:
        raise BadRow(f"{value.field!r} holds no {value.kind}: {error}") from error
    if value.slug:
        # What could not be decoded is no letter to be left out.
        str(found).encode()
        found = re.sub(r"[^a-z0-9]+", "_", str(found).lower()).strip("_")
        if not found:
            return None
    return f"{value.prefix}{found}" if value.prefix else found


def look_up(row: Row, field: str) -> Any:
    """The field's value, under its whole name or along its dots; None when there is none."""
    if field in row:
        return row[field]
    found: Any = row
    for step in field.split("."):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found


def as_text(value: Any) -> str | None:
    """As text."""
    return None if value is None else str(value)


def as_time(value: Any) -> datetime | None:
    """As a time, with an offset or without. Raises `BadRow`."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadRow(f"no time: {error}") from error


def as_uuid(value: Any) -> UUID | None:
    """As a UUID. Raises `BadRow`."""
    try:
        return None if value is None else UUID(str(value))
    except ValueError as error:
        raise BadRow(f"no UUID: {value!r}") from error


def as_integer(value: Any) -> int:
    """As a whole number. Raises `BadRow`."""
    try:
        return _whole(value)
    except (TypeError, ValueError) as error:
        raise BadRow(f"no whole number: {value!r}") from error


def _whole(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} has a fraction")
    return int(value)


def as_hash(value: Any) -> bytes | None:
    """As the bytes that hexadecimal digits say; None for what is no such text."""
    try:
        return None if value is None else bytes.fromhex(str(value))
    except ValueError:
        return None


def _boolean(value: Any) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if (word := str(value).strip().lower()) in known:
        return known[word]
    raise ValueError(f"{value!r} is neither true nor false")


def _timestamp(value: Any) -> str:
    timestamp = datetime.fromisoformat(str(value))
    if timestamp.tzinfo is None:
        raise ValueError("a time needs an offset")
    return timestamp.isoformat()


_CONVERSIONS: dict[str, Any] = {
    "asis": lambda value: value,
    "text": str,
    "integer": _whole,
    "number": float,
    "boolean": _boolean,
    "time": _timestamp,
    "json": lambda value: loads_json(str(value).encode()),
}
