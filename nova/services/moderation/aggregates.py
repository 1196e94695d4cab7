"""Verdict aggregate: what was decided about a post, once; the post's id is the aggregate's."""

from typing import Annotated

from msgspec import Meta, Struct

from events.api import Aggregate, Command, CommandRefused, Issued, aggregates
from nova.services.moderation.events import Decision, ModerationDecided


class Decide(Command, frozen=True, kw_only=True):
    """Say what becomes of a post."""

    decision: Decision
    note: Annotated[str, Meta(max_length=255)] = ""


class AlreadyDecided(CommandRefused):
    """Somebody has decided otherwise before."""

    code = "already_decided"


class Verdict(Struct, frozen=True, kw_only=True):
    """What was decided; empty while nothing was."""

    decision: str = ""


def decide(state: Verdict, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    if not isinstance(command, Decide):
        raise TypeError(f"{type(command).__name__} is no command of a verdict")
    if state.decision == command.decision:
        return []
    if state.decision:
        raise AlreadyDecided(f"it was decided to {state.decision} {issued.aggregate_id}")
    return [
        ModerationDecided(
            content_id=issued.aggregate_id,
            decision=command.decision,
            decided_by=issued.user_id or "somebody",
            note=command.note,
        )
    ]


def evolve(state: Verdict, payload: Struct) -> Verdict:
    """What is so after an event."""
    return Verdict(decision=payload.decision) if isinstance(payload, ModerationDecided) else state


VERDICT = aggregates.register(
    Aggregate(
        name="verdict",
        initial=Verdict(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(ModerationDecided,),
        commands={"decide": Decide},
    )
)
