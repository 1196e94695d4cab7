"""Handlers: what is done about which events, grouped by the service that they belong to."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, structs

from events.api import InvalidEvent, MissingCast, downcast, registry
from outbox.arguments import arguments
from outbox.conf import outbox_conf
from outbox.exceptions import Poisonous, UnknownGroup
from outbox.messages.received import ReceivedEvent
from outbox.messages.topics import EVERYTHING, topics_of


class Handler(Struct, frozen=True, kw_only=True):
    """What is done about events, one by one or a batch at a time.

    It runs in the transaction that marks the events as processed: what it writes there takes effect exactly once. What
    it does elsewhere, in Redis for instance, may happen again and must bear that; with `outside`, not again while Redis
    remembers. It raises when it cannot handle an event.
    """

    name: str
    event_types: Collection[str]
    """Types that it wants; `"*"` for all."""
    handle: Callable[[ReceivedEvent], None] | None = None
    """Handles one event. Events appended inside continue its correlation and are caused by it."""
    handle_batch: Callable[[Sequence[ReceivedEvent]], None] | None = None
    """Handles several in their order, instead of `handle`."""
    versions: Mapping[str, int] = {}
    """By type, the older version of its payload that the handler understands: it gets that, downcast, as `Untyped`."""

    outside: bool = False
    """Whether its effect is outside the database: then an idempotency key in Redis tells that it is done."""
    repeatable: bool = False
    """Whether it bears events that it has had, older ones than its last too: then replays may give it all again."""

    def __post_init__(self) -> None:
        if (self.handle is None) == (self.handle_batch is None):
            raise ValueError(f"handler {self.name!r} needs either handle or handle_batch")

    @property
    def named_types(self) -> Collection[str]:
        """The types that it names; none when it wants all."""
        return () if self.event_types == EVERYTHING else self.event_types

    @property
    def wants_all(self) -> bool:
        """Whether it handles events of all types."""
        return self.event_types == EVERYTHING

    def wants(self, event_type: str) -> bool:
        """Whether it handles events of the type."""
        return self.event_types == EVERYTHING or event_type in self.event_types

    def view(self, event: ReceivedEvent) -> ReceivedEvent:
        """The event in the version that the handler asks for. Raises `Poisonous` when it cannot be had in that."""
        version = self.versions.get(event.event_type, event.schema_version)
        if version == event.schema_version:
            return event
        try:
            payload = downcast(event.payload, version)
        except (MissingCast, InvalidEvent) as error:
            raise Poisonous(f"handler {self.name!r} wants version {version}: {error}") from error
        return structs.replace(event, payload=payload, schema_version=version)


class ConsumerGroup(Struct, frozen=True, kw_only=True):
    """A service's handlers, which share one place in each topic and one inbox."""

    name: str
    """The group's name at the broker, and the consumer's in the inbox: 1 to 100 characters."""
    handlers: Sequence[Handler] = ()
    """In this order for each batch."""
    topics: Sequence[str] = ()
    """Names; one that begins with `^` is a pattern. When there are none, the topics of what the handlers want."""

    def __post_init__(self) -> None:
        arguments.text("name", self.name, least=1, most=MAX_GROUP_NAME)

    @property
    def named_types(self) -> Collection[str]:
        """The types that its handlers name."""
        return frozenset(name for handler in self.handlers for name in handler.named_types)

    def wants(self, event_type: str) -> bool:
        """Whether any handler handles events of the type."""
        return any(handler.wants(event_type) for handler in self.handlers)


MAX_GROUP_NAME = 100
_groups: dict[str, ConsumerGroup] = {}
FunctionT = TypeVar("FunctionT", bound=Callable[..., None])


def handles(
    *event_types: str | type[Struct],
    group: str,
    name: str = "",
    batch: bool = False,
    versions: Mapping[str, int] | None = None,
    outside: bool = False,
    repeatable: bool = False,
) -> Callable[[FunctionT], FunctionT]:
    """Register the decorated function as a handler of a consumer group, behind those registered before.

    `event_types` are classes of payloads or names of types, or `"*"` for all; the group's topics follow from them. With
    `batch`, the function takes a sequence of events instead of one. See `Handler` for the rest.
    """

    def decorate(function: FunctionT) -> FunctionT:
        names = [one if isinstance(one, str) else registry.named_by_class(one) for one in event_types]
        register_handlers(
            group,
            Handler(
                name=name or function.__name__.replace("_", "-"),
                event_types=EVERYTHING if EVERYTHING in names else tuple(names),
                handle=None if batch else function,
                handle_batch=function if batch else None,
                versions=versions or {},
                outside=outside,
                repeatable=repeatable,
            ),
        )
        return function

    return decorate


def register_handlers(group: str, *handlers: Handler) -> None:
    """Add handlers to a consumer group."""
    known = _groups.get(group, ConsumerGroup(name=group))
    _groups[group] = structs.replace(known, handlers=(*known.handlers, *handlers))


def register_groups(groups: Iterable[ConsumerGroup]) -> None:
    """Make consumer groups known, in place of earlier ones of the same name."""
    _groups.update({group.name: group for group in groups})


def registered_groups() -> tuple[ConsumerGroup, ...]:
    """All known groups."""
    return tuple(map(_with_topics, _groups.values()))


def group_named(name: str) -> ConsumerGroup:
    """The group of that name. Raises `UnknownGroup`."""
    try:
        return _with_topics(_groups[name])
    except KeyError:
        raise UnknownGroup(name, tuple(_groups)) from None


def _with_topics(group: ConsumerGroup) -> ConsumerGroup:
    if group.topics:
        return group
    conf = outbox_conf()
    topics = dict.fromkeys(topic for handler in group.handlers for topic in topics_of(handler.event_types, conf=conf))
    return structs.replace(group, topics=tuple(topics))
