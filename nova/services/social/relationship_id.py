"""Relationship id: names the relation of two things, so that it can be an aggregate of its own.

A follow or a like concerns exactly two parties. As a stream of its own it can be there once or not at all, and the
followers of somebody popular do not queue for one stream.
"""

from events.api import CommandRefused

SEPARATOR = ":"


class WrongRelationshipId(CommandRefused):
    """The aggregate's id names another pair than the command."""

    code = "not_this_pair"


def relationship_id(first: str, second: str) -> str:
    """The id of the aggregate that stands between two things: `FIRST:SECOND`."""
    return f"{first}{SEPARATOR}{second}"


def check_relationship_id(aggregate_id: str, first: str, second: str) -> None:
    """Raise `WrongRelationshipId` unless the id names exactly these two."""
    if SEPARATOR in first or SEPARATOR in second:
        raise WrongRelationshipId(f"the ids of a pair hold no {SEPARATOR!r}")
    if aggregate_id != relationship_id(first, second):
        raise WrongRelationshipId(
            f"the aggregate of this command is {relationship_id(first, second)}, not {aggregate_id}"
        )
