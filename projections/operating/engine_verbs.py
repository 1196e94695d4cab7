"""Verbs on the engine: what each does to a projection under its lock. They tell what holds then, after its name."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from events.envelope import StreamId
from kit.actions import Operator
from projections.definition.projection import Projection
from projections.engine import checkpoints, left_behind
from projections.engine.partitions import extent, partitions
from projections.exceptions import VerbRefused
from projections.models import ParkedAggregate, Place

# What JSON can say exactly.
MAX_POSITION = 2**53 - 1


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


def pause(projection: Projection, _: Struct, __: Operator) -> str:
    """Hold it where it is."""
    checkpoints.pause(projection)
    return "is paused"


def resume(projection: Projection, _: Struct, __: Operator) -> str:
    """Let it go on at once."""
    checkpoints.resume(projection)
    return "goes on"


def reset(projection: Projection, to: ToPosition, _: Operator) -> str:
    """Let it meet what stands after a position again."""
    checkpoints.lock(projection.name)
    present = extent(checkpoints.current(projection)).lowest
    if to.position > present:
        raise VerbRefused("reset", f"{projection.name} is at {present}: forward it would miss the events in between")
    checkpoints.move_back(projection, to.position)
    return f"goes on from {to.position}"


def skip(projection: Projection, given: OfEvent, operator: Operator) -> str:
    """Leave out the event that it waits before."""
    checkpoints.lock(projection.name)
    standing = (checkpoints.current(projection), *partitions(projection.name))
    failed = next((row for row in standing if row.failed_event_id == given.event_id), None)
    if failed is None or failed.failed_position is None:
        raise VerbRefused("skip", f"{projection.name} does not wait before the event {given.event_id}")
    left_behind.skip(
        projection.name,
        position=failed.failed_position,
        event_id=given.event_id,
        error=failed.error,
        actor=operator.name,
        reason=operator.reason,
    )
    checkpoints.pass_over(failed, failed.failed_position)
    return f"goes on without the event {given.event_id}"


def release(projection: Projection, given: OfAggregate, operator: Operator) -> str:
    """Apply what waits of a parked aggregate."""
    checkpoints.lock(projection.name)
    checkpoint = checkpoints.current(projection)
    if checkpoint.version != projection.version:
        raise VerbRefused("release", f"the tables of {projection.name} were filled by other code: rebuild it")
    stream = StreamId(given.aggregate_type, given.aggregate_id)
    parked = ParkedAggregate.objects.filter(
        projection=projection.name,
        place=Place.SERVING,
        aggregate_type=stream.aggregate_type,
        aggregate_id=stream.aggregate_id,
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
    until = extent(checkpoint).position_of(stream)
    if left_behind.release(projection, parked, until=until, leave_out=given.leave_out):
        return f"has all events of {stream}"
    return f"keeps {stream} parked, now at the event {parked.event_id}: {parked.error}"
