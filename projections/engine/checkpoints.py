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
from projections.models import AheadEvent, ParkedAggregate, Place, ProjectionCheckpoint, SkippedEvent
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


def try_pass(name: str) -> bool:
    """Share the projection's lock, and be the only worker at it, for the rest of the transaction. False when somebody
    operates on it, or another worker is at it.
    """
    return bool(_lock("try_pass_lock", name=name, part=f"{name} pass"))


def current(projection: Projection) -> ProjectionCheckpoint:
    """The projection's checkpoint, made at position 0 when there is none.

    To act on it, take the lock in an *earlier statement*: a statement that takes the lock and reads the position sees
    what was committed when it began, which may be older than the lock.
    """
    checkpoint, _ = ProjectionCheckpoint.objects.get_or_create(
        name=projection.name, defaults={"version": projection.version}
    )
    return checkpoint


def advance(name: str, position: int) -> None:
    """Every event up to `position` is in the tables. Leaves a pause alone that came in the meantime."""
    _checkpoint(name).update(position=position, updated_at=timezone.now())


def set_inline(name: str, *, is_inline: bool) -> None:
    """Let appends apply the projection's events, as far as they know it, or no longer."""
    _checkpoint(name).update(is_inline=is_inline)


def recover(name: str) -> None:
    """The event that had failed went through."""
    _checkpoint(name).filter(status=Status.FAILED).update(status=Status.RUNNING)
    _checkpoint(name).update(**NO_FAILURE, updated_at=timezone.now())


def attempts_at(checkpoint: ProjectionCheckpoint, event: RecordedEvent | None) -> int:
    """How often the event has failed in a row, this time included; `None` stands for reading the log itself."""
    again = checkpoint.status == Status.FAILED and checkpoint.failed_position == (event.position if event else None)
    return checkpoint.attempts + 1 if again else 1


def fail(name: str, *, event: RecordedEvent | None, error: Exception, attempts: int, delay: float) -> None:
    """Remember what failed, how often, and that it is tried again after so many seconds.

    `event` is `None` when the log itself could not be read.
    """
    now = timezone.now()
    _checkpoint(name).exclude(status=Status.PAUSED).update(status=Status.FAILED)
    _checkpoint(name).update(
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


def move_back(projection: Projection, position: int) -> None:
    """Let the projection meet everything after a position again, what was parked or skipped there included, and what
    appends have applied inline.
    """
    current(projection)
    AheadEvent.objects.filter(projection=projection.name, place=Place.SERVING).delete()
    for left_behind in (ParkedAggregate, SkippedEvent):
        left_behind.objects.filter(projection=projection.name, place=Place.SERVING, position__gt=position).delete()
    _checkpoint(projection.name).update(
        position=position, status=Status.RUNNING, **NO_FAILURE, updated_at=timezone.now()
    )
    count_parked(projection.name)


def pass_over(projection: Projection, position: int) -> None:
    """Go on after the event that failed."""
    advance(projection.name, position)
    recover(projection.name)


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


def _checkpoint(name: str) -> Any:
    return ProjectionCheckpoint.objects.filter(name=name)


def _lock(name_of_statement: str, **names: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement(name_of_statement), {"namespace": LOCK_NAMESPACE, **names})
        row = cursor.fetchone()
    return row[0] if row else None
