"""Import map: a row of somebody else's file becomes an event by a map in TOML.

`examples/import/README.md` explains it. It has more than 200 lines because the map's form and what it does to a row
change together.
"""

import io
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from events.api import InvalidEvent, NewEvent, StreamId, accept_payload
from events.codec.canonical import canonical
from events.transfer.exceptions import BadRow, InvalidMap

NAMESPACE = UUID("5a3c53f5-5f0b-4a8e-9d7c-6f1f3f0f2b1e")
"""Ids that are not UUIDs become UUIDs of version 5 in this namespace, under the map's own name."""
NO_DELIMITERS = '"\r\n'

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


class StreamMap(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stream the event belongs to."""

    type: str | Value
    id: str | Value


class EventMap(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of the event besides its payload."""

    type: str | Value
    id: str | Value | None = None
    """What tells the event from others; the whole row and its number when the file has nothing of the kind."""
    timestamp: str | Value | None = None
    user_id: str | Value | None = None
    source_service: str | Value | None = None
    correlation_id: str | Value | None = None
    causation_id: str | Value | None = None
    schema_version: str | Value | None = None


class PayloadMap(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes the payload."""

    fields: dict[str, str | Value] = {}
    """Payload field to value; text stands for the field of the row with that name."""
    rest: bool = True
    """Whether all that the map does not mention joins the payload under its own name."""
    omit: list[str] = []
    """Fields that do not join."""
    object: str | None = None
    """NDJSON: the member that is the payload as it stands."""
    empty: Literal["omit", "null", "keep"] = "omit"
    """What becomes of empty CSV fields."""


class ImportMap(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole map."""

    name: str
    """Keeps the ids made by this map apart from those of others; changing it makes all events new."""
    stream: StreamMap
    event: EventMap
    format: Literal["csv", "ndjson"] | None = None
    """By the file's name when left out."""
    delimiter: str = ","
    """One character."""
    encoding: str = "utf-8"
    """Of a CSV file, by one of Python's names."""
    payload: PayloadMap = PayloadMap()
    metadata: dict[str, str | Value] = {}

    def mentioned(self) -> set[str]:
        """The row's fields that are used outside of the payload."""
        values = [
            *(getattr(self.stream, name) for name in StreamMap.__struct_fields__),
            *(getattr(self.event, name) for name in EventMap.__struct_fields__),
            *self.metadata.values(),
        ]
        return {value.field for value in values if isinstance(value, Value)}

    def required(self) -> set[str]:
        """The row's fields that the map names; a CSV file must have them as columns."""
        own = {value if isinstance(value, str) else value.field for value in self.payload.fields.values()}
        return self.mentioned() | own


def read_map(path: Path) -> tuple[ImportMap, bytes]:
    """The map of a file, and the file's bytes. Raises `InvalidMap` saying what is wrong and where."""
    try:
        text = path.read_bytes()
        import_map = msgspec.convert(tomllib.loads(text.decode()), ImportMap)
        # What reads the file knows which encodings are text.
        io.TextIOWrapper(io.BytesIO(), import_map.encoding)
    except OSError as error:
        raise InvalidMap(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InvalidMap(f"{path}: {error}") from error
    except (LookupError, ValueError) as error:
        raise InvalidMap(f"{path}: no encoding: {error}") from error
    if len(import_map.delimiter) != 1 or import_map.delimiter in NO_DELIMITERS:
        raise InvalidMap(f"{path}: a delimiter is one character, and neither a quote nor a line's end")
    return import_map, text


def to_event(import_map: ImportMap, row: Row, number: int) -> tuple[StreamId, NewEvent]:
    """The event of a row and the stream that it belongs to. Raises `BadRow` with the reason."""
    try:
        return _to_event(import_map, row, number)
    except (UnicodeError, RecursionError, OverflowError) as error:
        # A row of somebody else's file may hold anything, and whoever looks at it first finds that out.
        raise BadRow(f"cannot be an event: {error}") from error


def _to_event(import_map: ImportMap, row: Row, number: int) -> tuple[StreamId, NewEvent]:
    event, stream = import_map.event, import_map.stream
    schema_version = _take(row, event.schema_version)
    try:
        payload = accept_payload(
            str(_must(row, event.type, "event type")),
            _payload(import_map, row),
            accept_untyped=True,
            schema_version=None if schema_version is None else _integer(schema_version),
        )
    except InvalidEvent as error:
        raise BadRow(str(error)) from error
    return StreamId(str(_must(row, stream.type, "stream type")), str(_must(row, stream.id, "stream id"))), NewEvent(
        payload=payload,
        event_id=_event_id(import_map, row, number),
        timestamp=_time(_take(row, event.timestamp)),
        correlation_id=_uuid(_take(row, event.correlation_id)),
        causation_id=_uuid(_take(row, event.causation_id)),
        user_id=_text(_take(row, event.user_id)),
        source_service=_text(_take(row, event.source_service)),
        metadata={
            name: taken for name, value in import_map.metadata.items() if (taken := _take(row, value)) is not None
        },
    )


def _payload(import_map: ImportMap, row: Row) -> Any:
    how = import_map.payload
    if how.object is not None:
        return _look_up(row, how.object)
    payload: Row = {}
    used = import_map.required() | set(how.omit)
    if how.rest:
        payload |= {name: value for name, value in row.items() if name not in used}
    payload |= {
        name: _take(row, Value(value) if isinstance(value, str) else value, keep_empty=True)
        for name, value in how.fields.items()
    }
    match how.empty:
        case "omit":
            return {name: value for name, value in payload.items() if value is not None and value != ""}
        case "null":
            return {name: None if value == "" else value for name, value in payload.items()}
        case _:
            return payload


def _event_id(import_map: ImportMap, row: Row, number: int) -> UUID:
    if import_map.event.id is None:
        return uuid5(NAMESPACE, f"{import_map.name}/{number}/{canonical(row).decode()}")
    text = str(_must(row, import_map.event.id, "event id"))
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE, f"{import_map.name}/{text}")


def _must(row: Row, value: str | Value, what: str) -> Any:
    taken = _take(row, value)
    if taken is None:
        where = f" in {value.field!r}" if isinstance(value, Value) else ""
        raise BadRow(f"no {what}{where}")
    return taken


def _take(row: Row, value: str | Value | None, *, keep_empty: bool = False) -> Any:
    """A value, or `None` when the map has none or the row's field is empty."""
    if value is None or isinstance(value, str):
        return value
    found = _look_up(row, value.field)
    if found is None or found == "":
        return found if keep_empty else None
    try:
        found = _CONVERSIONS[value.kind](found)
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise BadRow(f"{value.field!r} holds no {value.kind}: {error}") from error
    if value.slug:
        found = re.sub(r"[^a-z0-9]+", "_", str(found).lower()).strip("_")
        if not found:
            return None
    return f"{value.prefix}{found}" if value.prefix else found


def _look_up(row: Row, field: str) -> Any:
    if field in row:
        return row[field]
    found: Any = row
    for step in field.split("."):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _time(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadRow(f"no time: {error}") from error


def _uuid(value: Any) -> UUID | None:
    try:
        return None if value is None else UUID(str(value))
    except ValueError as error:
        raise BadRow(f"no UUID: {value!r}") from error


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise BadRow(f"no whole number: {value!r}") from error


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
    "integer": int,
    "number": float,
    "boolean": _boolean,
    "time": _timestamp,
    "json": lambda value: msgspec.json.decode(str(value)),
}
