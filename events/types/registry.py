"""Registry of event types: what the code knows of each, and what a payload of it looks like.

It has a few more than 200 lines because the decorator and the closer look at a payload's fields belong to it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Struct

from events.envelope import Untyped
from events.identifiers import EVENT_TYPE
from events.types.topic import Topic

Codec = Literal["json", "msgpack"]
"""How the store may write a payload."""


class EventType(Struct, frozen=True, kw_only=True):
    """What is known of a registered event type."""

    name: str
    """What happened, in the past tense: `content.post.created`."""
    version: int
    """Version of the payload's schema that the code writes."""
    owner: str
    """The service that owns the type."""
    topic: Topic | None
    """The topic of its messages; that of its aggregate when there is none."""
    key: str | None
    """The payload's field that orders messages; the aggregate's id when there is none."""
    codec: Codec
    """How the store writes payloads from now on; those that it has stay as they are."""
    aliases: tuple[str, ...]
    """Names that messages of before Nova give the type."""
    legacy_topics: tuple[str, ...]
    """Topics of before Nova that hold this type only, whose messages need not name it."""
    payload: type[Struct]
    decoder: msgspec.json.Decoder[Any]
    """Decodes and validates a payload's JSON."""
    packed_decoder: msgspec.msgpack.Decoder[Any]
    """The same for MessagePack."""
    has_numbers: bool
    """Whether a payload may hold numbers or free-form parts, whose canonical form has to be looked at closely."""
    has_integers_only: bool
    """Whether these are integers alone: they are canonical as they are, but for those beyond 2^53 - 1."""


class Registry:
    """Event types by name and by payload class."""

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_payload: dict[type, EventType] = {}
        self._by_alias: dict[str, EventType] = {}
        self._by_legacy_topic: dict[str, EventType] = {}

    def register(
        self,
        payload: type[Struct],
        *,
        name: str,
        version: int,
        owner: str,
        topic: Topic | None = None,
        key: str | None = None,
        codec: Codec = "json",
        aliases: tuple[str, ...] = (),
        legacy_topics: tuple[str, ...] = (),
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
            aliases=aliases,
            legacy_topics=legacy_topics,
            payload=payload,
            decoder=msgspec.json.Decoder(payload),
            packed_decoder=msgspec.msgpack.Decoder(payload),
            has_numbers=_needs_care(msgspec.inspect.type_info(payload), _PLAIN),
            has_integers_only=not _needs_care(msgspec.inspect.type_info(payload), (*_PLAIN, msgspec.inspect.IntType)),
        )
        self._by_name[name] = event_type
        self._by_payload[payload] = event_type
        self._by_alias |= dict.fromkeys(aliases, event_type)
        self._by_legacy_topic |= dict.fromkeys(legacy_topics, event_type)

    def named(self, name: str) -> EventType | None:
        """The type of that name, or `None` when no code registers it."""
        return self._by_name.get(name)

    def present_name(self, name: str, topic: str = "") -> str:
        """The type that a message means that names `name` (or nothing) and comes from the topic; empty when unknown."""
        if known := self._by_alias.get(name):
            return known.name
        if not name and (known := self._by_legacy_topic.get(topic)):
            return known.name
        return name

    def topics(self) -> tuple[Topic, ...]:
        """The topics that types declare, each once."""
        return tuple(dict.fromkeys(known.topic for known in self if known.topic is not None))

    def topic_of_family(self, family: str) -> Topic | None:
        """The topic that unregistered types go to whose names begin with this word."""
        return next((topic for topic in self.topics() if family in topic.families), None)

    def of(self, payload: Struct) -> EventType:
        """The type of a payload. Raises `TypeError` for a class that is not registered."""
        event_type = self._by_payload.get(type(payload))
        if event_type is None:
            raise TypeError(
                f"{type(payload).__name__} is not a registered event; decorate it with @event or use Untyped"
            )
        return event_type

    def named_by_class(self, payload: type[Struct]) -> str:
        """The name of the type whose payloads are of that class. Raises `TypeError` for one that is not registered."""
        if payload not in self._by_payload:
            raise TypeError(f"{payload.__name__} is not a registered event; decorate it with @event")
        return self._by_payload[payload].name

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_name.values())


registry = Registry()


PayloadT = TypeVar("PayloadT", bound=Struct)


def event(
    name: str,
    *,
    version: int = 1,
    owner: str,
    topic: Topic | str | None = None,
    key: str | None = None,
    codec: Codec = "json",
    aliases: tuple[str, ...] = (),
    legacy_topics: tuple[str, ...] = (),
) -> Callable[[type[PayloadT]], type[PayloadT]]:
    """Register the decorated class as the payload of an event type.

    `version` is that of the payload's schema: whoever raises it registers an upcaster (`events.types.upcasting`) from
    the version before. `owner` is the service that the type belongs to, `topic` where its messages go (to the topic of
    the aggregate when it is left out), `key` the payload's field by which messages keep their order (the aggregate's id
    when it is left out), and `codec` how the store writes payloads from now on. `aliases` and `legacy_topics` are how
    messages of before Nova are known.
    """

    def decorate(payload: type[PayloadT]) -> type[PayloadT]:
        registry.register(
            payload,
            name=name,
            version=version,
            owner=owner,
            topic=Topic(name=topic) if isinstance(topic, str) else topic,
            key=key,
            codec=codec,
            aliases=aliases,
            legacy_topics=legacy_topics,
        )
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


def _needs_care(info: msgspec.inspect.Type, plain: tuple[type, ...]) -> bool:
    match info:
        case msgspec.inspect.StructType():
            return any(_needs_care(field.type, plain) for field in info.fields)
        case msgspec.inspect.UnionType():
            return any(_needs_care(part, plain) for part in info.types)
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return _needs_care(info.item_type, plain)
        case _:
            return not isinstance(info, plain)
