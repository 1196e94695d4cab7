"""Which event types does the code know, and what does a payload of each look like?"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Struct

from events.codec.pipeline import Codec
from events.envelope import Untyped
from events.identifiers import EVENT_TYPE


class EventType(Struct, frozen=True, kw_only=True):
    """What is known of a registered event type."""

    name: str
    """What happened, in the past tense: `content.post.created`."""
    version: int
    """Version of the payload's schema that the code writes."""
    owner: str
    """The service that owns the type."""
    topic: str | None
    """The topic of its messages, in place of the one that the outbox would choose."""
    key: str | None
    """The payload's field that orders messages; the aggregate's id when there is none."""
    codec: Codec
    """How the store writes payloads from now on; those that it has stay as they are."""
    payload: type[Struct]
    decoder: msgspec.json.Decoder[Any]
    """Decodes and validates a payload's JSON."""
    packed_decoder: msgspec.msgpack.Decoder[Any]
    """The same for MessagePack."""
    has_numbers: bool
    """Whether a payload may hold numbers or free-form parts, whose canonical form has to be looked at closely."""


class Registry:
    """Event types by name and by payload class."""

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_payload: dict[type, EventType] = {}

    def register(
        self,
        payload: type[Struct],
        *,
        name: str,
        version: int,
        owner: str,
        topic: str | None,
        key: str | None,
        codec: Codec,
    ) -> None:
        """Add a type. Raises `ValueError` for a bad or taken name, a bad version or codec, a key that is no field."""
        if not EVENT_TYPE.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of an event type")
        if version < 1:
            raise ValueError(f"versions of {name!r} count from 1, not from {version}")
        if codec not in get_args(Codec):
            raise ValueError(f"{name!r} cannot be written as {codec!r}")
        if name in self._by_name:
            raise ValueError(f"event type {name!r} is registered twice")
        if key is not None and key not in payload.__struct_fields__:
            raise ValueError(f"{payload.__name__} has no field {key!r} to be its key")
        event_type = EventType(
            name=name,
            version=version,
            owner=owner,
            topic=topic,
            key=key,
            codec=codec,
            payload=payload,
            decoder=msgspec.json.Decoder(payload),
            packed_decoder=msgspec.msgpack.Decoder(payload),
            has_numbers=_has_numbers(payload),
        )
        self._by_name[name] = event_type
        self._by_payload[payload] = event_type

    def named(self, name: str) -> EventType | None:
        """The type of that name, or `None` when no code registers it."""
        return self._by_name.get(name)

    def of(self, payload: Struct) -> EventType:
        """The type of a payload. Raises `TypeError` for a class that is not registered."""
        event_type = self._by_payload.get(type(payload))
        if event_type is None:
            raise TypeError(
                f"{type(payload).__name__} is not a registered event; decorate it with @event or use Untyped"
            )
        return event_type

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_name.values())


registry = Registry()


PayloadT = TypeVar("PayloadT", bound=Struct)


def event(
    name: str,
    *,
    version: int = 1,
    owner: str,
    topic: str | None = None,
    key: str | None = None,
    codec: Codec = "json",
) -> Callable[[type[PayloadT]], type[PayloadT]]:
    """Register the decorated class as the payload of an event type.

    `version` is that of the payload's schema: whoever raises it registers an upcaster (`events.upcasting`) from the
    version before. `owner` is the service that the type belongs to, `topic` takes the place of the topic that the
    outbox would choose, `key` is the payload's field by which messages keep their order (the aggregate's id when it is
    left out), and `codec` is how the store writes payloads from now on.
    """

    def decorate(payload: type[PayloadT]) -> type[PayloadT]:
        registry.register(payload, name=name, version=version, owner=owner, topic=topic, key=key, codec=codec)
        return payload

    return decorate


def type_name(payload: Struct) -> str:
    """The event type's name of any payload, typed or not."""
    return payload.event_type if isinstance(payload, Untyped) else registry.of(payload).name


_PLAIN = (
    msgspec.inspect.StrType,
    msgspec.inspect.BoolType,
    msgspec.inspect.NoneType,
    msgspec.inspect.UUIDType,
    msgspec.inspect.DateTimeType,
    msgspec.inspect.DateType,
    msgspec.inspect.EnumType,
    msgspec.inspect.LiteralType,
)


def _has_numbers(annotation: Any) -> bool:
    return _needs_care(msgspec.inspect.type_info(annotation))


def _needs_care(info: msgspec.inspect.Type) -> bool:
    match info:
        case msgspec.inspect.StructType():
            return any(_needs_care(field.type) for field in info.fields)
        case msgspec.inspect.UnionType():
            return any(_needs_care(part) for part in info.types)
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return _needs_care(info.item_type)
        case _:
            return not isinstance(info, _PLAIN)
