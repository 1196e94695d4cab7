"""Requests to the event store: from JSON and headers to the store's own types, or an error that says where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter
from msgspec import Meta, Struct

from events.codec.payloads import accept_payload, explain
from events.conf import EventsConf
from events.envelope import Expected, NewEvent, StreamId, StreamWrite
from events.exceptions import (
    AppendRefused,
    EventIdConflict,
    InvalidEvent,
    PayloadTooLarge,
    PreconditionRequired,
    SourceNotOwner,
    StreamTombstoned,
    UnknownEventType,
    VersionConflict,
)
from events.identifiers import SOURCE_SERVICE, USER_ID, check_event_type
from events.rest.parameters import AggregateId, AggregateType, EventTypeName
from kit.exceptions import InvalidParameter
from kit.json.schema import MAX_INTEGER, one_of, text_like
from kit.rest.bodies import ReasonBody
from kit.rest.conditions import ETAG, ETAG_SCHEMA, version_in

IF_MATCH = OpenApiParameter(
    "If-Match",
    ETAG_SCHEMA | {"pattern": rf"^(\*|{ETAG.pattern})$"},
    "header",
    description='Expected version in quotes, `"3"`; `*`: the stream exists. Not with `If-None-Match`',
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, "header", description="`*`: the stream does not exist yet", enum=["*"]
)
APPEND_ERRORS = (
    InvalidEvent,
    UnknownEventType,
    SourceNotOwner,
    PayloadTooLarge,
    EventIdConflict,
    StreamTombstoned,
    AppendRefused,
    VersionConflict,
    PreconditionRequired,
)
"""What an append may be refused with by its own rules."""
_EXPECTATIONS = {"any": Expected.ANY, "no_stream": Expected.NO_STREAM, "stream_exists": Expected.STREAM_EXISTS}
_BodyT = TypeVar("_BodyT", bound=Struct)


class EventBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as a client sends it."""

    event_type: EventTypeName
    payload: Any
    event_id: UUID | None = None
    schema_version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    user_id: Annotated[str, text_like(USER_ID)] | None = None
    source_service: Annotated[str, text_like(SOURCE_SERVICE)] | None = None
    metadata: dict[str, Any] = {}


class WriteBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client wants to append to one of several streams."""

    aggregate_type: AggregateType
    aggregate_id: AggregateId
    events: Annotated[list[EventBody], Meta(min_length=1)]
    expected_version: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | Annotated[str, one_of(_EXPECTATIONS)] = "any"
    """A version, `any`, `no_stream` or `stream_exists`."""


class MetadataBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says about a stream; what is left out is no longer said."""

    title: Annotated[str, Meta(max_length=255)] | None = None
    max_age: Annotated[float, Meta(ge=1e-6, le=3_153_600_000)] | None = None
    """Seconds."""
    max_count: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] | None = None


def new_events(body: object, conf: EventsConf) -> list[NewEvent]:
    """The events of a request's body, an array. Raises `InvalidEvent` with a pointer into it."""
    if not isinstance(body, list):
        raise InvalidEvent("must be an array of events")
    _check_count(len(body), "", conf)
    return [_new_event(_struct(item, EventBody, f"/{index}"), f"/{index}", conf) for index, item in enumerate(body)]


def stream_writes(body: object, conf: EventsConf) -> list[StreamWrite]:
    """The writes of a transaction's body, an array of streams.

    Raises `InvalidEvent` with a pointer into it, and `PreconditionRequired` where an expected version is required.
    """
    if not isinstance(body, list) or not body:
        raise InvalidEvent("must be an array of streams with their events")
    writes = []
    for index, item in enumerate(body):
        write, within = _struct(item, WriteBody, f"/{index}"), f"/{index}/events"
        _check_count(len(write.events), within, conf)
        events = [_new_event(event, f"{within}/{number}", conf) for number, event in enumerate(write.events)]
        writes.append(
            StreamWrite(
                stream=StreamId(write.aggregate_type, write.aggregate_id),
                expected_version=_expectation(write.expected_version, f"/{index}/expected_version", conf),
                events=events,
            )
        )
    if sum(len(write.events) for write in writes) > conf.max_append_events:
        raise InvalidEvent(f"must hold at most {conf.max_append_events} events in all")
    return writes


def expected_version(headers: Mapping[str, str], conf: EventsConf) -> int:
    """What `If-Match` and `If-None-Match` expect of a stream (RFC 9110, section 13).

    Raises `InvalidParameter` for anything but one strong tag or `*`, and `PreconditionRequired` where one is required.
    """
    match = headers.get("If-Match")
    none_match = headers.get("If-None-Match")
    if match is not None and none_match is not None:
        raise InvalidParameter("If-Match", "and If-None-Match exclude each other")
    if none_match is not None:
        if none_match.strip() != "*":
            raise InvalidParameter("If-None-Match", "only * is understood: the stream must not exist")
        return Expected.NO_STREAM
    if match is None:
        if conf.require_expected_version:
            raise PreconditionRequired('send If-Match: "<version>", If-Match: * or If-None-Match: *')
        return Expected.ANY
    if match.strip() == "*":
        return Expected.STREAM_EXISTS
    return version_in(match, name="If-Match")


def stream_metadata(body: object) -> MetadataBody:
    """What a client says about a stream. Raises `InvalidEvent` with a pointer."""
    return _struct(body, MetadataBody, "")


def reason(body: object) -> str:
    """Why a client wants it. Raises `InvalidEvent` with a pointer."""
    return _struct(body, ReasonBody, "").reason


def _check_count(events: int, pointer: str, conf: EventsConf) -> None:
    if not 1 <= events <= conf.max_append_events:
        raise InvalidEvent(f"must hold 1 to {conf.max_append_events} events, not {events}", pointer=pointer)


def _new_event(body: EventBody, pointer: str, conf: EventsConf) -> NewEvent:
    try:
        check_event_type(body.event_type)
        payload = accept_payload(
            body.event_type, body.payload, accept_untyped=conf.accept_unregistered, schema_version=body.schema_version
        )
    except InvalidEvent as error:
        raise error.within(pointer) from error.__cause__
    return NewEvent(
        payload=payload,
        event_id=body.event_id,
        timestamp=body.timestamp,
        correlation_id=body.correlation_id,
        causation_id=body.causation_id,
        user_id=body.user_id,
        source_service=body.source_service,
        metadata=body.metadata,
    )


def _struct(item: object, wanted: type[_BodyT], pointer: str) -> _BodyT:
    try:
        return msgspec.convert(item, wanted)
    except msgspec.ValidationError as error:
        raise explain(error).within(pointer) from error


def _expectation(expected: int | str, pointer: str, conf: EventsConf) -> int:
    if isinstance(expected, int):
        return expected
    if expected not in _EXPECTATIONS:
        raise InvalidEvent(f"must be a version or one of {', '.join(_EXPECTATIONS)}", pointer=pointer)
    if _EXPECTATIONS[expected] == Expected.ANY and conf.require_expected_version:
        raise PreconditionRequired(f"{pointer}: name a version, no_stream or stream_exists")
    return _EXPECTATIONS[expected]
