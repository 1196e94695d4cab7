"""Reach: whether projections have an event in the tables that serve, told by their checkpoints.

It takes the same few statements however many projections there are, and never looks at the log.
"""

from collections import defaultdict
from typing import Literal

from msgspec import Struct

from events.envelope import EventHead
from projections.definition.registry import registered_projections
from projections.engine.partitions import Extent
from projections.models import (
    AheadEvent,
    ParkedAggregate,
    Place,
    ProjectionCheckpoint,
    ProjectionPartition,
    SkippedEvent,
)

ReachState = Literal["applied", "waiting", "failed", "parked", "skipped", "not_begun"]


class Reach(Struct, frozen=True, kw_only=True):
    """Where a projection stands towards one event of a type that it handles."""

    projection: str
    state: ReachState
    """`applied`; `waiting`: its checkpoint is before the event; `failed`: it cannot apply this very event; `parked`:
    the event's aggregate waits for an operator; `skipped`: it was left out; `not_begun`: it has no checkpoint."""
    position: int
    """Every event of the log up to here that is of the same part of it is in the tables."""
    status: str
    """Of the projection: `running`, `paused` or `failed`; empty where it has not begun."""


def reaches_of(event: EventHead) -> list[Reach]:
    """Where the projections stand that handle events of this type, in the order of their registration."""
    names = [one.name for one in registered_projections() if event.event_type in one.event_types]
    if not names:
        return []
    checkpoints = ProjectionCheckpoint.objects.in_bulk(names)
    partitions: dict[str, list[ProjectionPartition]] = defaultdict(list)
    for partition in ProjectionPartition.objects.filter(projection__in=names, place=Place.SERVING).order_by("number"):
        partitions[partition.projection].append(partition)
    of_event = {"projection__in": names, "place": Place.SERVING, "position": event.position}
    skipped = set(SkippedEvent.objects.filter(**of_event).values_list("projection", flat=True))
    ahead = set(AheadEvent.objects.filter(**of_event).values_list("projection", flat=True))
    parked = set(
        ParkedAggregate.objects.filter(
            projection__in=names,
            place=Place.SERVING,
            aggregate_type=event.aggregate_type,
            aggregate_id=event.aggregate_id,
            position__lte=event.position,
        ).values_list("projection", flat=True)
    )
    reaches = []
    for name in names:
        checkpoint = checkpoints.get(name)
        if checkpoint is None:
            reaches.append(Reach(projection=name, state="not_begun", position=0, status=""))
            continue
        parts = partitions[name] if checkpoint.partitions > 1 else []
        extent = Extent(tuple(part.position for part in parts) or (checkpoint.position,))
        failed = {checkpoint.failed_event_id, *(part.failed_event_id for part in parts)}
        position = extent.position_of(event.stream)
        state: ReachState = "applied" if event.position <= position or name in ahead else "waiting"
        if name in skipped:
            state = "skipped"
        elif name in parked:
            state = "parked"
        elif state == "waiting" and event.event_id in failed:
            state = "failed"
        reaches.append(
            Reach(
                projection=name,
                state=state,
                position=position,
                status=checkpoint.status,
            )
        )
    return reaches
