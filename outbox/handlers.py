"""Who does something about which event? Handlers, grouped by the service that they belong to."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from events.api import InvalidEvent, MissingCast, downcast
from outbox.exceptions import Poisonous, UnknownGroup
from outbox.received import ReceivedEvent

EVERYTHING: Literal["*"] = "*"


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
    """Whether its effect is outside the database: a mark in Redis is left when it is done; see `outbox.marks`."""

    def __post_init__(self) -> None:
        if (self.handle is None) == (self.handle_batch is None):
            raise ValueError(f"handler {self.name!r} needs either handle or handle_batch")

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
    """The group's name at the broker, and the consumer's in the inbox."""
    topics: Sequence[str]
    """Names; one that begins with `^` is a pattern."""
    handlers: Sequence[Handler]
    """In this order for each batch."""

    def wants(self, event_type: str) -> bool:
        """Whether any handler handles events of the type."""
        return any(handler.wants(event_type) for handler in self.handlers)


_groups: dict[str, ConsumerGroup] = {}


def register_groups(groups: Iterable[ConsumerGroup]) -> None:
    """Make consumer groups known, in place of earlier ones of the same name; the composition does so at start."""
    _groups.update({group.name: group for group in groups})


def registered_groups() -> tuple[ConsumerGroup, ...]:
    """All known groups."""
    return tuple(_groups.values())


def group_named(name: str) -> ConsumerGroup:
    """The group of that name. Raises `UnknownGroup`."""
    try:
        return _groups[name]
    except KeyError:
        raise UnknownGroup(name, tuple(_groups)) from None
