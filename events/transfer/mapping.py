"""Import map: a row of somebody else's file becomes an event by a map in TOML.

`examples/import/README.md` explains it.
"""

import io
import tomllib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from events.api import InvalidEvent, NewEvent, StreamId, StreamWrite, accept_payload
from events.codec.canonical import canonical
from events.codec.payloads import as_recorded
from events.store.prepared import PreparedEvent, prepare
from events.transfer.exceptions import BadRow, InvalidMap
from events.transfer.values import Row, Value, as_hash, as_integer, as_text, as_time, as_uuid, look_up, must, take

NAMESPACE = UUID("5a3c53f5-5f0b-4a8e-9d7c-6f1f3f0f2b1e")
"""Ids that are not UUIDs become UUIDs of version 5 in this namespace, under the map's own name."""
NO_DELIMITERS = '"\r\n'


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
    metadata: Value | None = None
    """NDJSON: the member that is the metadata as it stands; what the map says of single fields joins it."""
    content_hash: str | Value | None = None
    """Under which a Nova recorded the event. One that still says the same is taken over as it was recorded."""


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
    any_source: bool = False
    """Whether events may come from others than the owners of their aggregates, as those of another time or place do."""
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


class MappedEvent(Struct, frozen=True):
    """The event of a row."""

    stream: StreamId
    new: NewEvent
    prepared: PreparedEvent
    """By itself, so that nothing of an event depends on the batch that its row is in."""
    any_source: bool


def to_event(import_map: ImportMap, row: Row, number: int) -> MappedEvent:
    """The event of a row. Raises `BadRow` with the reason."""
    try:
        return _to_event(import_map, row, number)
    except (ValueError, RecursionError, OverflowError) as error:
        # A row of somebody else's file may hold anything, and whoever looks at it first finds that out.
        raise BadRow(f"cannot be an event: {error}") from error


def _to_event(import_map: ImportMap, row: Row, number: int) -> MappedEvent:
    event, stream_map = import_map.event, import_map.stream
    event_type, data = str(must(row, event.type, "event type")), _payload(import_map, row)
    version = None if (written := take(row, event.schema_version)) is None else as_integer(written)
    stream = StreamId(str(must(row, stream_map.type, "stream type")), str(must(row, stream_map.id, "stream id")))
    said = partial(
        NewEvent,
        event_id=_event_id(import_map, row, number),
        timestamp=as_time(take(row, event.timestamp)),
        correlation_id=as_uuid(take(row, event.correlation_id)),
        causation_id=as_uuid(take(row, event.causation_id)),
        user_id=as_text(take(row, event.user_id)),
        source_service=as_text(take(row, event.source_service)),
        metadata=_metadata(import_map, row),
    )
    if (content_hash := as_hash(take(row, event.content_hash))) is not None:
        with suppress(InvalidEvent):
            recorded = as_recorded(event_type, data, version or 1)
            return _mapped(import_map, stream, said(payload=recorded, content_hash=content_hash))
    try:
        payload = accept_payload(event_type, data, accept_untyped=True, schema_version=version)
        return _mapped(import_map, stream, said(payload=payload))
    except InvalidEvent as error:
        raise BadRow(str(error).removeprefix("/0/events/0")) from error


def _mapped(import_map: ImportMap, stream: StreamId, new: NewEvent) -> MappedEvent:
    write, any_source = StreamWrite(stream=stream, events=[new]), import_map.any_source
    ((prepared,),) = prepare([write], closing=True, any_source=any_source)
    return MappedEvent(stream, new, prepared, any_source)


def _metadata(import_map: ImportMap, row: Row) -> Row:
    whole = take(row, import_map.event.metadata)
    if whole is not None and not isinstance(whole, dict):
        raise BadRow("the metadata is not a JSON object")
    single = {name: taken for name, value in import_map.metadata.items() if (taken := take(row, value)) is not None}
    return (whole or {}) | single


def _payload(import_map: ImportMap, row: Row) -> Any:
    how = import_map.payload
    if how.object is not None:
        return look_up(row, how.object)
    payload: Row = {}
    used = import_map.required() | set(how.omit)
    if how.rest:
        payload |= {name: value for name, value in row.items() if name not in used}
    payload |= {
        name: take(row, Value(value) if isinstance(value, str) else value, keep_empty=True)
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
    text = str(must(row, import_map.event.id, "event id"))
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE, f"{import_map.name}/{text}")
