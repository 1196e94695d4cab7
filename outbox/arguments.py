"""Arguments of the outbox's functions: `InvalidArgument` names the one that no call can be made with."""

from kit.arguments import Arguments
from outbox.exceptions import InvalidArgument

arguments = Arguments(InvalidArgument)

# Characters of what is kept about a decision: who made it, and why.
MAX_ACTOR = 255
MAX_REASON = 500


def check_decision(*, actor: str, reason: str) -> None:
    """Raise `InvalidArgument` unless it can be kept who decides, and why."""
    arguments.text("actor", actor, most=MAX_ACTOR)
    arguments.text("reason", reason, most=MAX_REASON)
