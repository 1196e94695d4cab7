"""Operations on projections: what an operator can do to one, as actions, and how each is kept."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import structlog
from django.db import transaction
from msgspec import Struct

from kit.actions import Action, NoArguments, Operator
from projections.arguments import arguments as checks
from projections.definition.projection import Projection
from projections.models import ProjectionOperation
from projections.operating import engine_verbs, rebuild_verbs
from projections.operating.engine_verbs import OfAggregate, OfEvent, ToPosition
from projections.operating.rebuild_verbs import HowToRebuild

log = structlog.get_logger(__name__)

OPERATE = "projections.operate_projection"
REBUILD = "projections.rebuild_projection"

Act = Callable[[Projection, Any, Operator], str]
"""What a verb does, from its arguments and who wants it; what holds then, to follow the projection's name."""


def rebuild(projection: Projection, *, actor: str, reason: str, swap: bool = True) -> str:
    """Begin to fill the projection anew, beside the tables that serve; workers go on with it.

    The new tables take over as soon as they have caught up, or when `swap` is asked for. Raises `RebuildRefused`.
    """
    return operate("rebuild", projection, HowToRebuild(swap=swap), actor=actor, reason=reason)


def operate(verb: str, projection: Projection, arguments: Struct, *, actor: str, reason: str) -> str:
    """Do what an operator wants, and keep it; what holds then, in words. Raises `VerbRefused`, `RebuildRefused`."""
    outcome: str = ACTIONS[verb].perform(projection, arguments, Operator(name=actor, reason=reason), checks=checks)
    log.info("projection_operated", actor=actor, verb=verb, projection=projection.name, reason=reason)
    return outcome


def _perform(verb: str, act: Act, projection: Projection, arguments: Struct, operator: Operator) -> str:
    """Let the verb take effect, in one transaction with its record."""
    with transaction.atomic():
        outcome = act(projection, arguments, operator)
        ProjectionOperation.objects.create(
            projection=projection.name,
            verb=verb,
            arguments=msgspec.to_builtins(arguments),
            actor=operator.name,
            reason=operator.reason,
        )
    return f"{projection.name} {outcome}"


def _action(
    verb: str,
    act: Act,
    *,
    label: str,
    explanation: str,
    arguments: type[Struct] = NoArguments,
    permission: str = OPERATE,
    dangerous: bool = False,
) -> Action[Projection]:
    return Action(
        verb=verb,
        label=label,
        explanation=explanation,
        permission=permission,
        arguments=arguments,
        effect=partial(_perform, verb, act),
        dangerous=dangerous,
    )


ACTIONS: dict[str, Action[Projection]] = {
    action.verb: action
    for action in (
        _action(
            "pause",
            engine_verbs.pause,
            label="Pause",
            explanation="Holds a projection where it is, until it is resumed.",
        ),
        _action(
            "resume",
            engine_verbs.resume,
            label="Resume",
            explanation="Lets a paused or failed projection go on at once; a failed event is tried again now.",
        ),
        _action(
            "skip",
            engine_verbs.skip,
            label="Skip failed event",
            explanation="Leaves out the event that a projection waits before, and goes on; it is recorded.",
            arguments=OfEvent,
            dangerous=True,
        ),
        _action(
            "release",
            engine_verbs.release,
            label="Release parked aggregate",
            explanation="Applies the events of a parked aggregate that wait, in order, and lets later ones follow.",
            arguments=OfAggregate,
        ),
        _action(
            "reset",
            engine_verbs.reset,
            label="Move checkpoint back",
            explanation="Applies everything after a position again, to the tables as they are: for a projection that "
            "takes an event twice without harm.",
            arguments=ToPosition,
            permission=REBUILD,
            dangerous=True,
        ),
        _action(
            "rebuild",
            rebuild_verbs.rebuild,
            label="Rebuild",
            explanation="Fills tables beside those that serve, which take over when they have caught up.",
            arguments=HowToRebuild,
            permission=REBUILD,
        ),
        _action(
            "swap",
            rebuild_verbs.swap,
            label="Swap",
            explanation="Lets the new tables take over as soon as they have caught up.",
            permission=REBUILD,
        ),
        _action(
            "rollback",
            rebuild_verbs.roll_back,
            label="Roll back",
            explanation="Lets the previous tables serve again, which the engine brings up to date; the others go.",
            permission=REBUILD,
            dangerous=True,
        ),
        _action(
            "drop",
            rebuild_verbs.drop,
            label="Drop previous tables",
            explanation="Removes the tables that served before the last swap; after that there is no way back.",
            permission=REBUILD,
            dangerous=True,
        ),
        _action(
            "cancel",
            rebuild_verbs.cancel,
            label="Cancel rebuild",
            explanation="Gives the rebuild up and removes its tables; those that serve stay as they are.",
            permission=REBUILD,
            dangerous=True,
        ),
    )
}
"""By verb."""
