"""Checkpoint: how far a projection has come, who may move it, and what is remembered of a failure.

Whoever changes a projection's tables or position holds its lock until the transaction ends: those who apply events
share it, and a worker's pass has a lock of its own besides; whoever operates on the projection has it alone.
"""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from events.envelope import RecordedEvent
from projections.definition.projection import Projection
from projections.models import (
    AheadEvent,
    ParkedAggregate,
    Place,
    Progress,
    ProjectionCheckpoint,
    ProjectionPartition,
    SkippedEvent,
)
from projections.sql.statements import statement

LOCK_NAMESPACE = int.from_bytes(b"proj")
MAX_ERROR = 4_000

Status = ProjectionCheckpoint.Status


def try_lock(name: str) -> bool:
    """Take the lock of that name alone for the rest of the transaction. False when somebody else has it."""
    return bool(_lock("try_lock", name=name))


def lock(name: str) -> None:
    """Take the projection's lock alone for the rest of the transaction, after whoever has it or shares it."""
    _lock("lock", name=name)


def share(name: str) -> None:
    """Share the projection's lock for the rest of the transaction, after whoever has it alone."""
    _lock("share_lock", name=name)


def try_share(name: str) -> bool:
    """Share the lock of that name for the rest of the transaction. False when somebody has it alone."""
    return bool(_lock("try_share_lock", name=name))


def try_pass(name: str, number: int = 0) -> bool:
    """Share the lock of that name, and be the only worker at the partition of this number, for the rest of the
    transaction. False when somebody has the lock alone, or another worker is at it.
    """
    return bool(_lock("try_pass_lock", name=name, part=f"{name} pass {number}"))


def current(projection: Projection) -> ProjectionCheckpoint:
    """The projection's checkpoint, made at position 0 when there is none.

    To act on it, take the lock in an *earlier statement*: a statement that takes the lock and reads the position sees
    what was committed when it began, which may be older than the lock.
    """
    checkpoint, _ = ProjectionCheckpoint.objects.get_or_create(
        name=projection.name, defaults={"version": projection.version}
    )
    return checkpoint


def advance(row: Progress, position: int) -> None:
    """Every event up to `position` is in the tables. Leaves a pause alone that came in the meantime."""
    _as_stored(row).update(position=position, updated_at=timezone.now())


def set_inline(name: str, *, is_inline: bool) -> None:
    """Let appends apply the projection's events, as far as they know it, or no longer."""
    _checkpoint(name).update(is_inline=is_inline)


def recover(row: Progress) -> None:
    """The event that had failed went through."""
    _as_stored(row).filter(status=Status.FAILED).update(status=Status.RUNNING)
    _as_stored(row).update(**NO_FAILURE, updated_at=timezone.now())


def attempts_at(row: Progress, event: RecordedEvent | None) -> int:
    """How often the event has failed in a row, this time included; `None` stands for reading the log itself."""
    again = row.status == Status.FAILED and row.failed_position == (event.position if event else None)
    return row.attempts + 1 if again else 1


def fail(row: Progress, *, event: RecordedEvent | None, error: Exception, attempts: int, delay: float) -> None:
    """Remember what failed, how often, and that it is tried again after so many seconds.

    `event` is `None` when the log itself could not be read.
    """
    now = timezone.now()
    _as_stored(row).exclude(status=Status.PAUSED).update(status=Status.FAILED)
    _as_stored(row).update(
        failed_position=event.position if event else None,
        failed_event_id=event.event_id if event else None,
        error=error_text(error),
        attempts=attempts,
        retry_at=now + timedelta(seconds=delay),
        updated_at=now,
    )


def error_text(error: Exception) -> str:
    """An error as the tables keep it."""
    return f"{type(error).__name__}: {error}".replace("\0", "\ufffd")[:MAX_ERROR]


def pause(projection: Projection) -> None:
    """Hold the projection where it is, until `resume`. A pass under way may still finish; it leaves the pause alone."""
    current(projection)
    _checkpoint(projection.name).update(status=Status.PAUSED, retry_at=None, updated_at=timezone.now())


def resume(projection: Projection) -> None:
    """Let the projection go on at once, from a pause or a failure."""
    current(projection)
    _checkpoint(projection.name).update(status=Status.RUNNING, **NO_FAILURE, updated_at=timezone.now())
    ProjectionPartition.objects.filter(projection=projection.name, place=Place.SERVING).update(
        status=Status.RUNNING, **NO_FAILURE
    )


def move_back(projection: Projection, position: int) -> None:
    """Let the projection meet everything after a position again, what was parked or skipped there included, and what
    appends have applied inline; partitions are made anew.
    """
    current(projection)
    for beyond in (AheadEvent, ProjectionPartition):
        beyond._default_manager.filter(projection=projection.name, place=Place.SERVING).delete()  # noqa: SLF001
    for left_behind in (ParkedAggregate, SkippedEvent):
        left_behind.objects.filter(projection=projection.name, place=Place.SERVING, position__gt=position).delete()
    _checkpoint(projection.name).update(
        position=position, partitions=1, status=Status.RUNNING, **NO_FAILURE, updated_at=timezone.now()
    )
    count_parked(projection.name)


def pass_over(row: Progress, position: int) -> None:
    """Go on after the event that failed."""
    advance(row, position)
    recover(row)


def count_parked(name: str) -> None:
    """Let the checkpoint say how many aggregates the tables that serve are without; whoever changes that calls it."""
    _checkpoint(name).update(parked=ParkedAggregate.objects.filter(projection=name, place=Place.SERVING).count())


NO_FAILURE: dict[str, Any] = {
    "failed_position": None,
    "failed_event_id": None,
    "error": "",
    "attempts": 0,
    "retry_at": None,
}


def _as_stored(row: Progress) -> Any:
    return type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001 - as Django documents it


def _checkpoint(name: str) -> Any:
    return ProjectionCheckpoint.objects.filter(name=name)


def _lock(name_of_statement: str, **names: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement(name_of_statement), {"namespace": LOCK_NAMESPACE, **names})
        row = cursor.fetchone()
    return row[0] if row else None
