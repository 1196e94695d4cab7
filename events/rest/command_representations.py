"""Commands and what becomes of them as structs, which also describe them in OpenAPI."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from events.aggregates.aggregate import Command, aggregates
from events.aggregates.difference import FieldDifference
from events.commands.schemas import command_schema
from kit.rest.description.openapi import Variant


def _first_line(command: type[Command]) -> str:
    return (command.__doc__ or "").strip().partition("\n")[0]


COMMANDS = [
    Variant(
        path={"aggregate_type": aggregate.name, "command": name},
        summary=f"{aggregate.name}/{name}: {_first_line(command)}",
        body=command_schema(aggregate, name, command),
    )
    for aggregate in sorted(aggregates, key=lambda kind: kind.name)
    for name, command in aggregate.commands.items()
]
"""Each command, which has an address of its own."""


class CommandEvent(Struct, frozen=True, kw_only=True):
    """An event that a command has brought about, or would."""

    event_id: UUID | UnsetType = UNSET
    event_type: str
    version: int
    position: int | UnsetType = UNSET
    payload: dict[str, Any]


class CommandAnswer(Struct, frozen=True, kw_only=True):
    """What a command has brought about, or would."""

    aggregate_type: str
    aggregate_id: str
    command_id: UUID
    version: Annotated[int, Meta(description="The aggregate's version after the command.")]
    events: Annotated[list[CommandEvent], Meta(description="What happened; empty when all was so already.")]


class StateAnswer(Struct, frozen=True, kw_only=True):
    """The state of an aggregate."""

    aggregate_type: str
    aggregate_id: str
    version: Annotated[int, Meta(description="Of the last event that counts in the state.")]
    state: dict[str, Any]


class DifferenceAnswer(Struct, frozen=True, kw_only=True):
    """The fields in which two versions of a state differ."""

    first: int = field(name="from")
    last: int = field(name="to")
    changes: list[FieldDifference]
