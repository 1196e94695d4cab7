"""Operations on projections: what an operator can do to one, as actions, and how each is kept."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from msgspec import Meta, Struct

from events.envelope import StreamId
from kit.actions import Action, NoArguments, Operator
from projections.arguments import arguments as checks
from projections.definition.projection import Projection
from projections.engine import checkpoints, left_behind
from projections.exceptions import VerbRefused
from projections.models import ParkedAggregate, ProjectionOperation
from projections.rebuild import rebuild

log = structlog.get_logger(__name__)

OPERATE = "projections.operate_projection"
REBUILD = "projections.rebuild_projection"
# What JSON can say exactly.
MAX_POSITION = 2**53 - 1

Act = Callable[[Projection, Any, Operator], str]
"""What a verb does, from its arguments and who wants it; what holds then, to follow the projection's name."""


class ToPosition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to."""

    position: Annotated[int, Meta(ge=0, le=MAX_POSITION)]


class OfEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which event, so that no other is skipped that has failed in the meantime."""

    event_id: UUID


class OfAggregate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which aggregate."""

    aggregate_type: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
    aggregate_id: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
    leave_out: bool = False
    """Whether the event that it is parked at is skipped."""


def operate(verb: str, projection: Projection, arguments: Struct, *, actor: str, reason: str) -> str:
    """Do what an operator wants, and keep it; what holds then, in words. Raises `VerbRefused`."""
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


def _pause(projection: Projection, _: Struct, __: Operator) -> str:
    checkpoints.pause(projection)
    return "is paused"


def _resume(projection: Projection, _: Struct, __: Operator) -> str:
    checkpoints.resume(projection)
    return "goes on"


def _rebuild(projection: Projection, _: Struct, __: Operator) -> str:
    rebuild(projection)
    return "is empty and refills"


def _reset(projection: Projection, to: ToPosition, _: Operator) -> str:
    checkpoints.lock(projection.name)
    present = checkpoints.current(projection).position
    if to.position > present:
        raise VerbRefused("reset", f"{projection.name} is at {present}: forward it would miss the events in between")
    checkpoints.move_back(projection, to.position)
    return f"goes on from {to.position}"


def _skip(projection: Projection, given: OfEvent, operator: Operator) -> str:
    checkpoints.lock(projection.name)
    checkpoint = checkpoints.current(projection)
    if checkpoint.failed_position is None or checkpoint.failed_event_id != given.event_id:
        raise VerbRefused("skip", f"{projection.name} does not wait before the event {given.event_id}")
    left_behind.skip(
        projection.name,
        position=checkpoint.failed_position,
        event_id=given.event_id,
        error=checkpoint.error,
        actor=operator.name,
        reason=operator.reason,
    )
    checkpoints.pass_over(projection, checkpoint.failed_position)
    return f"goes on without the event {given.event_id}"


def _release(projection: Projection, given: OfAggregate, operator: Operator) -> str:
    checkpoints.lock(projection.name)
    checkpoint = checkpoints.current(projection)
    if checkpoint.version != projection.version:
        raise VerbRefused("release", f"the tables of {projection.name} were filled by other code: rebuild it")
    stream = StreamId(given.aggregate_type, given.aggregate_id)
    parked = ParkedAggregate.objects.filter(
        projection=projection.name, aggregate_type=stream.aggregate_type, aggregate_id=stream.aggregate_id
    ).first()
    if parked is None:
        raise VerbRefused("release", f"{projection.name} has not parked {stream}")
    if given.leave_out:
        left_behind.skip(
            projection.name,
            position=parked.position,
            event_id=parked.event_id,
            error=parked.error,
            actor=operator.name,
            reason=operator.reason,
        )
    if left_behind.release(projection, parked, position=checkpoint.position, leave_out=given.leave_out):
        return f"has all events of {stream}"
    return f"keeps {stream} parked, now at the event {parked.event_id}: {parked.error}"


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
        _action("pause", _pause, label="Pause", explanation="Holds a projection where it is, until it is resumed."),
        _action(
            "resume",
            _resume,
            label="Resume",
            explanation="Lets a paused or failed projection go on at once; a failed event is tried again now.",
        ),
        _action(
            "skip",
            _skip,
            label="Skip failed event",
            explanation="Leaves out the event that a projection waits before, and goes on; it is recorded.",
            arguments=OfEvent,
            dangerous=True,
        ),
        _action(
            "release",
            _release,
            label="Release parked aggregate",
            explanation="Applies the events of a parked aggregate that wait, in order, and lets later ones follow.",
            arguments=OfAggregate,
        ),
        _action(
            "reset",
            _reset,
            label="Move checkpoint back",
            explanation="Applies everything after a position again, to the tables as they are: for a projection that "
            "takes an event twice without harm.",
            arguments=ToPosition,
            permission=REBUILD,
            dangerous=True,
        ),
        _action(
            "rebuild",
            _rebuild,
            label="Rebuild",
            explanation="Empties a projection's tables and sets its checkpoint to 0, in one transaction; a worker "
            "refills them from the log. Readers see the tables empty and then refill.",
            permission=REBUILD,
            dangerous=True,
        ),
    )
}
"""By verb."""
