"""What does an append write? New events with every blank filled, encoded and hashed, as one JSON document."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import NoneType
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from events.clock import CLOCK, HIGHEST_CLAIMED, RESERVED, process_clock
from events.codec import ijson
from events.codec.canonical import canonical, canonical_plain
from events.codec.payloads import encode_payload
from events.codec.pipeline import JSON, Codec, dump
from events.conf import EventsConf, events_conf
from events.context import EventContext, current_context
from events.envelope import NewEvent, RecordedEvent, StreamId, StreamWrite, Untyped
from events.exceptions import InvalidEvent, PayloadTooLarge
from events.identifiers import SOURCE_SERVICE, USER_ID, check_event_type, check_stream, uuid7
from events.registry import registry


class CanonicalEnvelope(Struct, frozen=True):
    """What the content hash covers: all that is known before the store gives position and version.

    The fields stand in the order of RFC 8785, so that the envelope is written canonically as it is.
    """

    aggregate_id: str
    aggregate_type: str
    causation_id: UUID | None
    correlation_id: UUID
    event_id: UUID
    event_type: str
    metadata: Raw
    payload: Raw
    schema_version: int
    source_service: str
    timestamp: datetime
    user_id: str | None


class PreparedEvent(Struct, frozen=True):
    """An event as it will be stored, but for position and version."""

    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    aggregate_type: str
    aggregate_id: str
    timestamp: datetime
    correlation_id: UUID
    causation_id: UUID | None
    user_id: str | None
    metadata: str
    """Canonical JSON."""
    payload: str
    """Canonical JSON, whatever the encoding."""
    encoding: str
    """How the payload is stored; see `events.codec.pipeline`."""
    packed: bytes | None
    """The payload in that encoding; `None` when it is stored as JSON."""
    partition_key: str
    """What the event's message keeps its order by."""
    content_hash: bytes
    new: NewEvent
    """What the caller handed in."""


class _StreamRow(Struct, frozen=True):
    stream: int
    aggregate_type: str
    aggregate_id: str
    expected: int


class _EventRow(Struct, frozen=True, omit_defaults=True):
    ord: int
    stream: int
    step: int
    event_id: UUID
    event_type: str
    schema_version: int
    source_service: str
    timestamp: datetime
    correlation_id: UUID
    causation_id: UUID | None
    user_id: str | None
    metadata: Raw
    payload: Raw | None
    content_hash: str
    encoding: str = JSON
    payload_bytes: bytes | None = None


# Numbers have to be looked at closely.
_PLAIN: Collection[type] = frozenset((str, bool, NoneType))
_ENCODER = msgspec.json.Encoder()


def prepare(writes: Sequence[StreamWrite]) -> list[list[PreparedEvent]]:
    """The events of each write as they will be stored.

    Raises `InvalidEvent`, with a pointer that begins with the number of the write and of the event in it.
    """
    conf, context, now = events_conf(), current_context(), datetime.now(UTC)
    correlation_id = context.correlation_id or uuid7()
    prepared = []
    for number, write in enumerate(writes):
        try:
            check_stream(write.stream)
        except InvalidEvent as error:
            raise error.within(f"/{number}") from None
        events = []
        for index, new in enumerate(write.events):
            try:
                events.append(_prepare(write.stream, new, conf, context, correlation_id, now))
            except InvalidEvent as error:
                raise error.within(f"/{number}/events/{index}") from error.__cause__
        prepared.append(events)
    return prepared


def parameters(write: StreamWrite, event: PreparedEvent) -> dict[str, Any]:
    """The write's only event for `append_one.sql`."""
    return {
        "expected": int(write.expected_version),
        "event_id": event.event_id,
        "event_type": event.event_type,
        "schema_version": event.schema_version,
        "source_service": event.source_service,
        "aggregate_type": event.aggregate_type,
        "aggregate_id": event.aggregate_id,
        "timestamp": event.timestamp,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "user_id": event.user_id,
        "metadata": event.metadata,
        "payload": event.payload if event.packed is None else None,
        "content_hash": event.content_hash,
        "encoding": event.encoding,
        "payload_bytes": event.packed,
    }


def documents(
    writes: Sequence[StreamWrite],
    prepared: Sequence[Sequence[PreparedEvent]],
    values: Callable[[PreparedEvent], Mapping[str, Any]],
) -> dict[str, str]:
    """Several events for `append_many.sql`, and what the append hook wants to know of each."""
    streams: list[_StreamRow] = []
    rows: list[_EventRow] = []
    more: list[dict[str, Any]] = []
    for number, (write, events) in enumerate(zip(writes, prepared, strict=True)):
        streams.append(
            _StreamRow(number, write.stream.aggregate_type, write.stream.aggregate_id, write.expected_version)
        )
        for step, event in enumerate(events, 1):
            place = len(rows) + 1
            more.append({"ord": place, **values(event)})
            rows.append(
                _EventRow(
                    place,
                    number,
                    step,
                    event.event_id,
                    event.event_type,
                    event.schema_version,
                    event.source_service,
                    event.timestamp,
                    event.correlation_id,
                    event.causation_id,
                    event.user_id,
                    Raw(event.metadata),
                    Raw(event.payload) if event.packed is None else None,
                    event.content_hash.hex(),
                    event.encoding,
                    event.packed,
                )
            )
    encode = _ENCODER.encode
    return {"streams": encode(streams).decode(), "events": encode(rows).decode(), "more": encode(more).decode()}


def restated_hash(event: PreparedEvent, recorded: RecordedEvent) -> bytes:
    """The content hash of the new event with the blanks that its caller left filled as in the recorded one.

    Equal to the recorded event's own hash if and only if the two say the same. One that was written in an older version
    is compared as both are read today.
    """
    restated = _hash(_restated(event, recorded))
    if recorded.upcast_from is not None and restated == _hash(_as_read(recorded)):
        return recorded.content_hash
    return restated


def _restated(event: PreparedEvent, recorded: RecordedEvent) -> CanonicalEnvelope:
    new = event.new
    return CanonicalEnvelope(
        event_id=event.event_id,
        event_type=event.event_type,
        schema_version=event.schema_version,
        source_service=event.source_service if new.source_service else recorded.source_service,
        aggregate_type=event.aggregate_type,
        aggregate_id=event.aggregate_id,
        timestamp=event.timestamp if new.timestamp else recorded.timestamp,
        correlation_id=event.correlation_id if new.correlation_id else recorded.correlation_id or event.correlation_id,
        causation_id=event.causation_id if new.causation_id else recorded.causation_id,
        user_id=event.user_id if new.user_id else recorded.user_id,
        metadata=Raw(canonical(_restated_metadata(new.metadata, recorded.metadata))),
        payload=Raw(event.payload),
    )


def _restated_metadata(new: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in new.items() if key not in RESERVED}
    return recorded | said


def _as_read(recorded: RecordedEvent) -> CanonicalEnvelope:
    return CanonicalEnvelope(
        event_id=recorded.event_id,
        event_type=recorded.event_type,
        schema_version=recorded.schema_version,
        source_service=recorded.source_service,
        aggregate_type=recorded.aggregate_type,
        aggregate_id=recorded.aggregate_id,
        timestamp=recorded.timestamp,
        correlation_id=recorded.correlation_id or recorded.event_id,
        causation_id=recorded.causation_id,
        user_id=recorded.user_id,
        metadata=Raw(canonical(recorded.metadata)),
        payload=Raw(encode_payload(recorded.payload)),
    )


def _prepare(
    stream: StreamId, new: NewEvent, conf: EventsConf, context: EventContext, correlation_id: UUID, now: datetime
) -> PreparedEvent:
    payload = _encoded(new)
    metadata = _metadata(new.metadata, context)
    if len(payload) + len(metadata) > conf.max_event_bytes:
        raise PayloadTooLarge(len(payload) + len(metadata), conf.max_event_bytes, pointer="/payload")
    if isinstance(new.payload, Untyped):
        event_type, schema_version, key = new.payload.event_type, new.payload.schema_version, None
        codec: Codec = "json"
        check_event_type(event_type)
    else:
        known = registry.of(new.payload)
        event_type, schema_version, key, codec = known.name, known.version, known.key, known.codec
    event_id = new.event_id or uuid7()
    source_service = conf.service if new.source_service is None else _source_service(new.source_service)
    timestamp = _timestamp(new.timestamp) if new.timestamp else now
    correlation_id = new.correlation_id or correlation_id
    causation_id = new.causation_id or context.causation_id
    user_id = _user_id(context.user_id if new.user_id is None else new.user_id)
    # By position, in the order of the fields: by name, the two would be a tenth of the time of preparing.
    envelope = CanonicalEnvelope(
        stream.aggregate_id,
        stream.aggregate_type,
        causation_id,
        correlation_id,
        event_id,
        event_type,
        Raw(metadata),
        Raw(payload),
        schema_version,
        source_service,
        timestamp,
        user_id,
    )
    stored = dump(payload, codec=codec, compress_above=conf.compress_above)
    return PreparedEvent(
        event_id,
        event_type,
        schema_version,
        source_service,
        stream.aggregate_type,
        stream.aggregate_id,
        timestamp,
        correlation_id,
        causation_id,
        user_id,
        metadata.decode(),
        payload.decode(),
        stored.encoding,
        stored.body,
        str(getattr(new.payload, key)) if key else stream.aggregate_id,
        _hash(envelope),
        new,
    )


def _hash(envelope: CanonicalEnvelope) -> bytes:
    return sha256(_ENCODER.encode(envelope)).digest()


def _encoded(new: NewEvent) -> bytes:
    try:
        return encode_payload(new.payload)
    except InvalidEvent as error:
        raise error.within("/payload") from error.__cause__


def _metadata(own: dict[str, Any], context: EventContext) -> bytes:
    if not own and not context.metadata:
        return b'{"clock":%d}' % process_clock.tick(context.clock)
    metadata = context.metadata | own
    seen = metadata.get(CLOCK, 0)
    if type(seen) is not int or not 0 <= seen <= HIGHEST_CLAIMED:
        raise InvalidEvent("is reserved for a clock that was seen", pointer=f"/metadata/{CLOCK}")
    clock = process_clock.tick(max(seen, context.clock))
    if text := _plainly(metadata, clock):
        return text
    ijson.check(metadata, "/metadata")
    return canonical(metadata | {CLOCK: clock})


def _plainly(metadata: dict[str, Any], clock: int) -> bytes | None:
    """The canonical text of metadata that is as usual, text under ASCII keys, at a third of the cost."""
    for key, value in metadata.items():
        if type(key) is not str or not key.isascii() or (type(value) not in _PLAIN and key != CLOCK):
            return None
    try:
        text = canonical_plain(metadata | {CLOCK: clock})
    except UnicodeEncodeError:
        return None
    return None if b"\\u0000" in text else text


def _timestamp(timestamp: datetime) -> datetime:
    if timestamp.tzinfo is None:
        raise InvalidEvent("a time needs an offset, such as Z or +02:00", pointer="/timestamp")
    try:
        return timestamp.astimezone(UTC)
    except OverflowError as error:
        raise InvalidEvent("beyond the years 1 to 9999 in UTC", pointer="/timestamp") from error


def _user_id(user_id: str | None) -> str | None:
    if user_id is not None and not USER_ID.fullmatch(user_id):
        raise InvalidEvent("must be 1 to 255 characters without control characters", pointer="/user_id")
    return user_id


def _source_service(source_service: str) -> str:
    if not SOURCE_SERVICE.fullmatch(source_service):
        raise InvalidEvent("must be 1 to 50 letters, digits, dots, dashes or underscores", pointer="/source_service")
    return source_service
