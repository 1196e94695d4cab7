"""Aggregate: two pure functions over the events of one stream, and the names by which others reach them.

`decide` says what happens when somebody wants something, or refuses; `evolve` says what is so once it has happened.
Neither knows the time, a database or Django: what they need to know comes with the command.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from events.envelope import RecordedEvent, Untyped
from events.exceptions import UnknownAggregate, UnknownCommand, UnreadableStream
from events.identifiers import AGGREGATE_TYPE
from events.types.registry import registry

StateT = TypeVar("StateT", bound=Struct)
RESERVED = ("aggregate_id", "command_id", "one_at_a_time")
"""What a request for a command says beside the command's own fields, which are called otherwise."""


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants of an aggregate; the base of all commands."""


class Issued(Struct, frozen=True, kw_only=True):
    """What is known of a command beside what it says."""

    aggregate_id: str
    """Of whom it is wanted."""
    command_id: UUID
    """Names the command for ever and makes its repetition harmless."""
    at: datetime
    """When it was issued (UTC)."""
    user_id: str | None
    """Who issued it."""


class Decide(Protocol):
    """Says which events a command brings about, raising a `CommandRefused` when the rules are against it."""

    def __call__(self, state: Any, command: Any, issued: Issued, /) -> list[Struct]:
        """Decide."""
        ...


class Aggregate(Struct, Generic[StateT], frozen=True, kw_only=True, eq=False):
    """A kind of aggregate."""

    name: str
    """The aggregate type of its streams: `order`."""
    initial: StateT
    """The state before the first event; states are frozen structs that msgspec can write as JSON."""
    decide: Decide
    """The events that a command brings about: none when all is already so, never half of them."""
    evolve: Callable[[StateT, Struct], StateT]
    """The state after an event. Total: what has happened is true, so it raises for no event and ignores others'."""
    fold_version: int
    """To be raised with every change of what `evolve` makes of the same events, so that old snapshots do not count."""
    events: tuple[type[Struct], ...]
    """Those that `evolve` does something about."""
    commands: Mapping[str, type[Command]]
    """Commands by the name that REST and the log give them: `add_item`."""

    @property
    def state_type(self) -> type[StateT]:
        """The class of its states."""
        return type(self.initial)

    def command_type(self, name: str) -> type[Command]:
        """The command of that name. Raises `UnknownCommand`."""
        try:
            return self.commands[name]
        except KeyError:
            raise UnknownCommand(self.name, name, sorted(self.commands)) from None

    def fold(self, state: StateT, payloads: Iterable[Struct]) -> StateT:
        """The state after several events."""
        for payload in payloads:
            state = self.evolve(state, payload)
        return state

    def fold_recorded(self, state: StateT, events: Iterable[RecordedEvent]) -> StateT:
        """The state after events of a stream.

        Raises `UnreadableStream` for an event that counts and could not be read: to leave it out would make a state
        that never was.
        """
        for event in events:
            if isinstance(event.payload, Untyped):
                if event.event_type in folded_types(self):
                    raise UnreadableStream(event.stream, event.version, event.event_type, event.schema_version)
                continue
            state = self.evolve(state, event.payload)
        return state


class Aggregates:
    """Kinds of aggregates, by name and by command."""

    def __init__(self) -> None:
        self._by_name: dict[str, Aggregate[Any]] = {}
        self._by_command: dict[type[Struct], tuple[Aggregate[Any], str]] = {}

    def register(self, aggregate: Aggregate[StateT]) -> Aggregate[StateT]:
        """Make it known. Raises `ValueError` for a bad or taken name, or a command that could not be told apart."""
        if not AGGREGATE_TYPE.fullmatch(aggregate.name) or aggregate.name in self._by_name:
            raise ValueError(f"{aggregate.name!r} cannot be the name of an aggregate type, or is taken")
        for name, command in aggregate.commands.items():
            if command in self._by_command:
                raise ValueError(f"{command.__name__} is a command of two names")
            if clash := set(command.__struct_fields__).intersection(RESERVED):
                raise ValueError(f"{command.__name__} cannot have a field {clash.pop()!r}")
            self._by_command[command] = (aggregate, name)
        self._by_name[aggregate.name] = aggregate
        return aggregate

    def named(self, name: str) -> Aggregate[Any]:
        """The kind of that name. Raises `UnknownAggregate`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownAggregate(name, sorted(self._by_name)) from None

    def of(self, command: Struct) -> tuple[Aggregate[Any], str]:
        """Whose command it is, and its name there. Raises `TypeError` for a class that no aggregate knows."""
        try:
            return self._by_command[type(command)]
        except KeyError:
            raise TypeError(f"{type(command).__name__} is no aggregate's command") from None

    def __iter__(self) -> Iterator[Aggregate[Any]]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name


aggregates = Aggregates()


@cache
def folded_types(aggregate: Aggregate[Any]) -> Mapping[str, int]:
    """The event types that the aggregate folds, by name, with the schema versions that the code has of them."""
    return {known.name: known.version for known in registry if known.payload in aggregate.events}


@cache
def fingerprint(aggregate: Aggregate[Any]) -> str:
    """What a snapshot must have been made with to count today, as hexadecimal text.

    It covers the fold version, the shape of the state, and the versions of the event types that are folded: whichever
    of them changes, snapshots of before are passed over without anybody having to think of it.
    """
    shape = msgspec.json.schema(aggregate.state_type)
    covered = [aggregate.name, aggregate.fold_version, shape, folded_types(aggregate)]
    return sha256(msgspec.json.encode(covered, order="sorted")).hexdigest()
