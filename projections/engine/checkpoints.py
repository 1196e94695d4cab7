"""Checkpoint: how far a projection has come, who may move it, and what is remembered of a failure.

Whoever changes a projection's tables or position holds its lock until the transaction ends.
"""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from events.envelope import RecordedEvent
from outbox.api import RetryPolicy
from projections.definition.projection import Projection
from projections.models import ProjectionCheckpoint
from projections.sql.statements import statement

LOCK_NAMESPACE = int.from_bytes(b"proj")
MAX_ERROR = 4_000
# Without an end: what passes by itself heals by itself, an operator need not be awake.
RETRIES = RetryPolicy(limit=0, base=1.0, cap=300.0)

Status = ProjectionCheckpoint.Status


def try_lock(name: str) -> bool:
    """Take the projection's lock for the rest of the transaction. False when somebody else has it."""
    return bool(_lock("try_lock", name))


def lock(name: str) -> None:
    """Take the projection's lock for the rest of the transaction, after whoever has it."""
    _lock("lock", name)


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


def recover(name: str) -> None:
    """The event that had failed went through."""
    _checkpoint(name).filter(status=Status.FAILED).update(status=Status.RUNNING)
    _checkpoint(name).update(**NO_FAILURE, updated_at=timezone.now())


def fail(checkpoint: ProjectionCheckpoint, *, event: RecordedEvent | None, error: Exception) -> int:
    """Remember what failed and when to try again; returns the number of attempts at that event so far.

    `event` is `None` when the log itself could not be read.
    """
    position = event.position if event else None
    again = checkpoint.status == Status.FAILED and checkpoint.failed_position == position
    attempts = checkpoint.attempts + 1 if again else 1
    now = timezone.now()
    _checkpoint(checkpoint.name).exclude(status=Status.PAUSED).update(status=Status.FAILED)
    _checkpoint(checkpoint.name).update(
        failed_position=position,
        failed_event_id=event.event_id if event else None,
        error=f"{type(error).__name__}: {error}".replace("\0", "\ufffd")[:MAX_ERROR],
        attempts=attempts,
        retry_at=now + timedelta(seconds=RETRIES.delay(attempts, chance=1.0)),
        updated_at=now,
    )
    return attempts


def pause(projection: Projection) -> None:
    """Hold the projection where it is, until `resume`. A pass under way may still finish; it leaves the pause alone."""
    current(projection)
    _checkpoint(projection.name).update(status=Status.PAUSED, retry_at=None, updated_at=timezone.now())


def resume(projection: Projection) -> None:
    """Let the projection go on at once, from a pause or a failure."""
    current(projection)
    _checkpoint(projection.name).update(status=Status.RUNNING, **NO_FAILURE, updated_at=timezone.now())


def restart(projection: Projection) -> None:
    """Back to position 0, as filled by the code of today."""
    current(projection)
    _checkpoint(projection.name).update(
        version=projection.version, position=0, status=Status.RUNNING, **NO_FAILURE, updated_at=timezone.now()
    )


NO_FAILURE: dict[str, Any] = {
    "failed_position": None,
    "failed_event_id": None,
    "error": "",
    "attempts": 0,
    "retry_at": None,
}


def _checkpoint(name: str) -> Any:
    return ProjectionCheckpoint.objects.filter(name=name)


def _lock(name_of_statement: str, name: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement(name_of_statement), {"namespace": LOCK_NAMESPACE, "name": name})
        row = cursor.fetchone()
    return row[0] if row else None
