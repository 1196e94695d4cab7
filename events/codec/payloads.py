"""Payload codec: a payload becomes text, and text a payload.

Reading is tolerant, because what is stored is true: an unknown type, or a version that the code does not know yet, is
read as `Untyped`, as the store also reads what came before its type and does not fit it; an older version is upcast.
Accepting from outside is strict: an unknown field is an error, for it would be lost.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from events.codec import ijson
from events.codec.canonical import canonical_plain, kept, may_have_long_numbers
from events.codec.pipeline import JSON, unwrap
from events.envelope import Untyped
from events.exceptions import InvalidEvent, UnknownEventType
from events.types.registry import EventType, registry, type_name
from events.types.upcasting import casts
from kit.json import pointer as json_pointer


def encode_payload(payload: Struct) -> bytes:
    """The JSON of a payload as it is kept (see `events.codec.canonical`).

    Raises `InvalidEvent` when its content does not fit its class or I-JSON.
    """
    if isinstance(payload, Untyped):
        if not isinstance(payload.data, dict):
            raise InvalidEvent("must be a JSON object")
        ijson.check(payload.data)
        return kept(payload.data)
    event_type = registry.of(payload)
    try:
        text = canonical_plain(payload)
        event_type.decoder.decode(text)
    except UnicodeEncodeError as error:
        raise InvalidEvent("half of a surrogate pair") from error
    except msgspec.ValidationError as error:
        raise explain(error) from error
    except TypeError as error:
        raise InvalidEvent(str(error)) from error
    # That an integer is one has been decoded just now.
    is_plain = not event_type.has_numbers or (event_type.has_integers_only and not may_have_long_numbers(text))
    if not is_plain or b"\\u0000" in text:
        value = msgspec.to_builtins(payload)
        ijson.check(value)
        return kept(value)
    return text


def decode_payload(event_type: str, schema_version: int, body: bytes | str, encoding: str = JSON) -> Struct:
    """The payload that was stored or received, in the version that the code writes; see `payload_version`.

    Raises `InvalidEvent` when the body is no JSON object, or no form of one that the encoding names, or a registered
    type's payload does not fit its class.
    """
    known = registry.named(event_type)
    codec, body = _unwrapped(encoding, body)
    try:
        if known is not None and known.version == schema_version:
            payload: Struct = (
                known.decoder.decode(body) if codec == JSON else known.packed_decoder.decode(cast("bytes", body))
            )
            return payload
        data = _object(codec, body)
        if known is not None and 1 <= schema_version < known.version:
            return msgspec.convert(_upcast(known, data, schema_version), known.payload)
        return Untyped(event_type, data, schema_version)
    except msgspec.ValidationError as error:
        raise explain(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidEvent(f"not {encoding}: {error}") from error


def as_it_stands(event_type: str, schema_version: int, body: bytes | str, encoding: str = JSON) -> Untyped:
    """What was stored, whatever the code says of its type. Raises `InvalidEvent` for a form that cannot be undone."""
    return Untyped(event_type, _object(*_unwrapped(encoding, body)), schema_version)


def as_recorded(event_type: str, data: object, schema_version: int) -> Struct:
    """The payload that a store has recorded, which says all of the data and no more: of its class where that does so.

    Raises `InvalidEvent` for what no store can have recorded.
    """
    if not isinstance(data, dict):
        raise InvalidEvent("must be a JSON object", pointer="/payload")
    untyped = Untyped(event_type, data, schema_version)
    if registry.named(event_type) is None:
        return untyped
    text = encode_payload(untyped)
    try:
        payload = decode_payload(event_type, schema_version, text)
        return payload if payload_version(payload) == schema_version and encode_payload(payload) == text else untyped
    except InvalidEvent:
        return untyped


def accept_payload(event_type: str, data: object, *, accept_untyped: bool, schema_version: int | None = None) -> Struct:
    """The payload that somebody outside sends as a JSON value, which `ijson.loads` has read.

    Raises `UnknownEventType` for a type that no code registers unless untyped events are accepted, and `InvalidEvent`
    with a pointer for a value that does not fit, a field that the type does not have, or a version that the code does
    not know. What is sent in an older version is upcast.
    """
    known = registry.named(event_type)
    if known is None:
        if not accept_untyped:
            raise UnknownEventType(event_type, pointer="/event_type")
        if not isinstance(data, dict):
            raise InvalidEvent("must be a JSON object", pointer="/payload")
        return Untyped(event_type, data, 1 if schema_version is None else schema_version)
    if schema_version is not None and not 1 <= schema_version <= known.version:
        raise InvalidEvent(f"{event_type} is written in version {known.version}", pointer="/schema_version")
    try:
        if schema_version is not None and schema_version < known.version and isinstance(data, dict):
            data = _upcast(known, data, schema_version)
        payload = msgspec.convert(data, known.payload)
    except msgspec.ValidationError as error:
        raise explain(error).within("/payload") from error
    except InvalidEvent as error:
        raise error.within("/payload") from error.__cause__
    try:
        refuse_unknown_fields(data, payload)
    except InvalidEvent as error:
        raise error.within("/payload") from None
    return payload


def payload_version(payload: Struct) -> int:
    """The version of the schema that a payload is in: the written one of a registered type, or what an untyped says."""
    return payload.schema_version if isinstance(payload, Untyped) else registry.of(payload).version


def downcast(payload: Struct, version: int) -> Untyped:
    """A payload as an older version of its type says it.

    Raises `MissingCast` when no downcasters lead there, as from a type or version that the code does not know.
    """
    data = payload.data if isinstance(payload, Untyped) else msgspec.to_builtins(payload)
    event_type = type_name(payload)
    older = casts.apply(event_type, data, from_version=payload_version(payload), to_version=version)
    return Untyped(event_type, older, version)


def explain(error: msgspec.ValidationError) -> InvalidEvent:
    """What msgspec complains about, with a JSON pointer to it."""
    reason, pointer = json_pointer.explain(error)
    return InvalidEvent(reason, pointer=pointer)


def _unwrapped(encoding: str, body: bytes | str) -> tuple[str, bytes | str]:
    return (JSON, body) if encoding == JSON else unwrap(encoding, cast("bytes", body))


def _object(codec: str, body: bytes | str) -> dict[str, Any]:
    return _OBJECT.decode(body) if codec == JSON else _PACKED_OBJECT.decode(cast("bytes", body))


def _upcast(known: EventType, data: dict[str, Any], schema_version: int) -> dict[str, Any]:
    return casts.apply(known.name, data, from_version=schema_version, to_version=known.version)


def refuse_unknown_fields(sent: Any, understood: Any) -> None:
    """Raise `InvalidEvent`, with a pointer to it, for a field that was sent and that its struct does not have.

    `understood` is what `msgspec` has made of the JSON value that was sent, wherever its structs stand in it.
    """
    for key, value, counterpart in _counterparts(sent, understood):
        try:
            refuse_unknown_fields(value, counterpart)
        except InvalidEvent as error:
            raise error.within(f"/{json_pointer.escape(str(key))}") from None


def _counterparts(sent: Any, understood: Any) -> Iterator[tuple[object, Any, Any]]:
    """What stands in the value, each with its key and with what was understood."""
    match sent, understood:
        case dict(), Struct():
            names = _field_names(type(understood))
            for key, value in sent.items():
                if key not in names:
                    raise InvalidEvent("there is no such field", pointer=f"/{json_pointer.escape(key)}")
                if isinstance(value, (dict, list)):
                    yield key, value, getattr(understood, names[key])
        case dict(), dict():
            for (key, value), counterpart in zip(sent.items(), understood.values(), strict=False):
                yield key, value, counterpart
        case list(), list() | tuple():
            for index, (value, counterpart) in enumerate(zip(sent, understood, strict=False)):
                yield index, value, counterpart


@cache
def _field_names(struct: type[Struct]) -> Mapping[str, str]:
    """The attributes of a struct by their names in JSON; the tag that tells it from others is none."""
    tag = struct.__struct_config__.tag_field
    return {field.encode_name: field.name for field in fields(struct)} | ({tag: "__class__"} if tag else {})


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_PACKED_OBJECT = msgspec.msgpack.Decoder(dict[str, Any])
