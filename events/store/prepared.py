"""Prepared events: new events with every blank filled, encoded and hashed, as an append writes them.

It has more than 200 lines because every check of a new event stands here, beside the blank that it is about.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import NoneType
from uuid import UUID

from msgspec import Raw, Struct

from events.clock import clock_of, process_clock
from events.codec.canonical import may_have_fractions
from events.codec.payloads import decode_payload, encode_payload
from events.codec.pipeline import dump
from events.conf import EventsConf, events_conf
from events.context import EventContext, current_context
from events.envelope import Envelope, NewEvent, StreamId, StreamWrite, Untyped
from events.exceptions import InvalidEvent, PayloadTooLarge, SourceNotOwner
from events.identifiers import MAX_PARTITION_KEY, SOURCE_SERVICE, USER_ID, check_event_type, check_stream, uuid7
from events.store.content_hash import canonical_envelope, hash_of
from events.store.event_metadata import MetadataEncoder, as_recorded
from events.types.owners import is_owner, owner_of
from events.types.registry import Codec, registry
from events.types.stream_closed import CLOSED


class PreparedEvent(Struct, frozen=True, gc=False):
    """An event as it will be stored, but for position and version."""

    envelope: Envelope
    encoding: str
    """How the payload is stored; see `events.codec.pipeline`."""
    packed: bytes | None
    """The payload in that encoding; `None` when it is stored as JSON."""
    partition_key: str
    """What the event's message keeps its order by."""
    content_hash: bytes
    text: bytes
    """The envelope as JSON with its documents as they are kept: what was hashed but for fractions, and is sent."""
    new: NewEvent
    """What the caller handed in."""


_UUID_OR_NONE = (UUID, NoneType)
HIGHEST_SCHEMA_VERSION = 2**31 - 1
_NO_CONTEXT = EventContext()


def prepare(
    writes: Sequence[StreamWrite], *, closing: bool = False, any_source: bool = False
) -> list[list[PreparedEvent]]:
    """The events of each write as they will be stored; one that closes its stream only when `closing` says so.

    With `any_source` they may come from others than the services that own their aggregates, as history does.

    Raises `InvalidEvent`, with a pointer that begins with the number of the write and of the event in it.
    """
    conf, context, now = events_conf(), current_context(), datetime.now(UTC)
    correlation_id = context.correlation_id or uuid7()
    metadata = MetadataEncoder(context)
    prepared = []
    for number, write in enumerate(writes):
        try:
            check_stream(write.stream)
        except InvalidEvent as error:
            raise error.within(f"/{number}") from None
        events = []
        for index, new in enumerate(write.events):
            try:
                event = _prepare(write.stream, new, conf, context, metadata, correlation_id, now, any_source)
            except InvalidEvent as error:
                raise error.within(f"/{number}/events/{index}") from error.__cause__
            if event.envelope.event_type == CLOSED and not closing:
                raise InvalidEvent("only a tombstone closes a stream", pointer=f"/{number}/events/{index}/event_type")
            events.append(event)
        prepared.append(events)
    return prepared


def _prepare(
    stream: StreamId,
    new: NewEvent,
    conf: EventsConf,
    context: EventContext,
    encoder: MetadataEncoder,
    correlation_id: UUID,
    now: datetime,
    any_source: bool,  # noqa: FBT001 - handed on from a keyword
) -> PreparedEvent:
    taken_over = new.content_hash is not None
    if taken_over:
        context = _NO_CONTEXT
    payload = _encoded(new)
    metadata = as_recorded(new.metadata) if taken_over else encoder.encode(new.metadata)
    if len(payload) + len(metadata) > conf.max_event_bytes:
        raise PayloadTooLarge(len(payload) + len(metadata), conf.max_event_bytes, pointer="/payload")
    if isinstance(new.payload, Untyped):
        event_type, schema_version = new.payload.event_type, new.payload.schema_version
        codec: Codec = "json"
        has_numbers = True
        keyed = _read_again(new.payload, payload, must_fit=not taken_over)
        known = None if isinstance(keyed, Untyped) else registry.of(keyed)
    else:
        keyed, known = new.payload, registry.of(new.payload)
        event_type, schema_version, codec = known.name, known.version, known.codec
        has_numbers = known.has_numbers
    key = known.key if known else None
    event_id = new.event_id or uuid7()
    owner = owner_of(stream.aggregate_type)
    source_service = new.source_service
    if source_service is None:
        source_service = owner or (known.owner if known and is_owner(known.owner) else conf.service)
    else:
        _check_source(stream, source_service, None if any_source else owner)
    timestamp = _timestamp(new.timestamp) if new.timestamp else now
    correlation_id = new.correlation_id or correlation_id
    causation_id = new.causation_id or context.causation_id
    if not (
        isinstance(event_id, UUID) and isinstance(correlation_id, UUID) and isinstance(causation_id, _UUID_OR_NONE)
    ):
        raise InvalidEvent("event_id, correlation_id and causation_id must be UUIDs")
    user_id = _user_id(context.user_id if new.user_id is None else new.user_id)
    # By position, in the order of the fields: by name, it would be a twentieth of the time of preparing.
    envelope = Envelope(
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
        Raw(metadata),
        Raw(payload),
    )
    has_fractions = may_have_fractions(metadata) or (has_numbers and may_have_fractions(payload))
    text = canonical_envelope(envelope)
    hashed = hash_of(text, is_canonical=not has_fractions)
    if taken_over:
        if hashed != new.content_hash:
            raise InvalidEvent("says something else than what was recorded under this hash", pointer="/content_hash")
        process_clock.witness(clock_of(new.metadata))
    stored = dump(payload, codec=codec, compress_above=conf.compress_above)
    return PreparedEvent(
        envelope,
        stored.encoding,
        stored.body,
        _partition_key(keyed, key) if key else stream.aggregate_id,
        hashed,
        text,
        new,
    )


def _encoded(new: NewEvent) -> bytes:
    try:
        return encode_payload(new.payload)
    except InvalidEvent as error:
        raise error.within("/payload") from error.__cause__


def _partition_key(payload: Struct, key: str) -> str:
    text = str(getattr(payload, key))
    # A character has four bytes at most.
    if 4 * len(text) > MAX_PARTITION_KEY and len(text.encode()) > MAX_PARTITION_KEY:
        raise InvalidEvent(f"orders messages, and has more than {MAX_PARTITION_KEY} bytes", pointer=f"/payload/{key}")
    return text


def _read_again(payload: Untyped, text: bytes, *, must_fit: bool) -> Struct:
    """What readers will see. Raises `InvalidEvent` for what could not be kept, or not be read as what it says it is."""
    check_event_type(payload.event_type)
    if not 1 <= payload.schema_version <= HIGHEST_SCHEMA_VERSION:
        raise InvalidEvent(f"must lie between 1 and {HIGHEST_SCHEMA_VERSION}", pointer="/schema_version")
    if registry.named(payload.event_type) is None:
        return payload
    try:
        return decode_payload(payload.event_type, payload.schema_version, text)
    except InvalidEvent as error:
        if must_fit:
            raise error.within("/payload") from error.__cause__
        return payload


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


def _check_source(stream: StreamId, source_service: str, owner: str | None) -> None:
    if not SOURCE_SERVICE.fullmatch(source_service):
        raise InvalidEvent("must be 1 to 50 letters, digits, dots, dashes or underscores", pointer="/source_service")
    if owner is not None and source_service != owner:
        raise SourceNotOwner(stream.aggregate_type, owner, source_service)
