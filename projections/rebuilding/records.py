"""Rebuild record: what is known of a projection's rebuilds, who may change them, and how far one has come.

Whoever changes a rebuild or its tables holds the projection's rebuild lock until the transaction ends, alone, or shared
by those who fill partitions of the log. It is another lock than the projection's own, so that the tables that serve are
kept up to date meanwhile.
"""

from datetime import datetime

from django.db import connection
from django.utils import timezone
from msgspec import Struct

from projections.engine import checkpoints
from projections.models import ProjectionRebuild

State = ProjectionRebuild.State


class RebuildStatus(Struct, frozen=True, kw_only=True):
    """A rebuild as operators see it."""

    projection: str
    version: int
    """Version of the code that fills the tables."""
    state: str
    """`filling`, `caught_up`, `failed` (and tried again), `swapped`, `rolled_back`, `dropped` or `cancelled`."""
    position: int
    """Every event of the log up to here is in its tables."""
    target: int
    """How far the log could be read when it last looked."""
    progress: float
    """Part of the log that is done, 0 to 1."""
    events: int
    """Events applied."""
    events_per_second: float
    """While it was at it; where several were at it at once, of each of them."""
    partitions: int
    """How many workers can fill it at once; 1 from when they have reached the target together."""
    parked: int
    """Aggregates that its tables are without, from the event on that could not be applied."""
    skipped: int
    """Events that its tables are without."""
    remaining_seconds: float | None
    """Until it has caught up, at the pace so far; null when it has, or has not begun."""
    swaps: bool
    """Whether its tables take over as soon as they have caught up."""
    started_at: datetime
    started_by: str
    reason: str
    heartbeat: datetime | None
    """When a worker was last at it."""
    error: str
    """What holds it up."""
    retry_at: datetime | None
    swapped_at: datetime | None
    previous_version: int | None
    """Of the code that filled the tables that served before the swap."""
    previous_position: int | None
    """Checkpoint of those tables at the swap."""
    ended_at: datetime | None
    """When its last tables beside those that serve were gone."""


def try_lock(name: str) -> bool:
    """Take the projection's rebuild lock for the rest of the transaction. False when somebody else has it."""
    return checkpoints.try_lock(_lock_name(name))


def try_share(name: str) -> bool:
    """Share the projection's rebuild lock for the rest of the transaction. False when somebody has it alone."""
    return checkpoints.try_share(_lock_name(name))


def try_pass(name: str, number: int) -> bool:
    """Share the projection's rebuild lock, and be the only worker at the partition of this number, for the rest of the
    transaction. False when somebody has the lock alone, or another worker is at it.
    """
    return checkpoints.try_pass(_lock_name(name), number)


def lock(name: str) -> None:
    """Take the projection's rebuild lock for the rest of the transaction, after whoever has it."""
    checkpoints.lock(_lock_name(name))


def wait_at_most(milliseconds: int) -> None:
    """Let each lock that the transaction waits for be an error after so long; 0 for none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])


def open_rebuild(name: str) -> ProjectionRebuild | None:
    """The rebuild whose tables are being filled."""
    return ProjectionRebuild.objects.filter(projection=name, state__in=ProjectionRebuild.OPEN).first()


def swapped_rebuild(name: str) -> ProjectionRebuild | None:
    """The rebuild whose previous tables are kept."""
    return ProjectionRebuild.objects.filter(projection=name, state=State.SWAPPED).first()


def latest_rebuild(name: str) -> ProjectionRebuild | None:
    """The last one that was begun, whatever became of it."""
    return ProjectionRebuild.objects.filter(projection=name).first()


def rebuild_statuses(name: str, *, limit: int = 20) -> list[RebuildStatus]:
    """The projection's rebuilds, the newest first."""
    return [rebuild_status(row) for row in ProjectionRebuild.objects.filter(projection=name)[:limit]]


def rebuild_status(row: ProjectionRebuild) -> RebuildStatus:
    """A rebuild as operators see it."""
    same = {name: getattr(row, name) for name in RebuildStatus.__struct_fields__ if hasattr(row, name)}
    return RebuildStatus(
        **same,
        progress=min(1.0, row.position / row.target) if row.target else 0.0,
        events_per_second=round(row.events / row.seconds, 1) if row.seconds else 0.0,
        remaining_seconds=_remaining(row),
    )


def end(row: ProjectionRebuild, state: ProjectionRebuild.State) -> None:
    """The rebuild is over, and has no tables any more."""
    row.state, row.ended_at, row.error, row.retry_at = state, timezone.now(), "", None
    row.save()


def _remaining(row: ProjectionRebuild) -> float | None:
    if row.state not in ProjectionRebuild.OPEN or not row.position or row.position >= row.target:
        return None
    return round((row.target - row.position) * row.seconds / row.position, 1)


def _lock_name(name: str) -> str:
    return f"{name} rebuild"
