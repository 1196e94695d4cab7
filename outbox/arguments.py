"""Arguments of the outbox's functions: `InvalidArgument` names the one that no call can be made with."""

from kit.arguments import MAX_REASON, Arguments
from outbox.exceptions import InvalidArgument

arguments = Arguments(InvalidArgument)

MAX_ACTOR = 255
"""Characters of who made a decision."""


def check_decision(*, actor: str, reason: str) -> None:
    """Raise `InvalidArgument` unless it can be kept who decides, and why."""
    arguments.text("actor", actor, most=MAX_ACTOR)
    arguments.text("reason", reason, most=MAX_REASON)
