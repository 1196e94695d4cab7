"""Failure of a rebuild: what is done about an event that its tables cannot take, and when it is tried again.

It is what the engine does about the same event in the tables that serve; but an event that an operator has skipped
there is skipped here too when it fails, for nobody is asked twice.
"""

from datetime import timedelta

from django.utils import timezone

from events.envelope import RecordedEvent, StreamId
from projections.definition.policy import OnError
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine.checkpoints import MAX_ERROR, error_text
from projections.engine.failures import leave_behind, log_failure
from projections.engine.left_behind import skip_as_decided
from projections.exceptions import StrayWrites
from projections.models import Place, ProjectionRebuild


def goes_on_without(
    projection: Projection, row: ProjectionRebuild, event: RecordedEvent, error: Exception, parked: set[StreamId]
) -> bool:
    """Leave the event behind where that was decided or is the policy; whether the rebuild goes on without it.

    `parked` are the aggregates that wait already.
    """
    # Not the event is at fault, but the code.
    if isinstance(error, StrayWrites):
        return False
    verdict = OnError.SKIP
    if not skip_as_decided(projection.name, event, error, place=Place.REBUILD):
        attempts = _attempts_at(row, event)
        verdict = leave_behind(projection, event, error, attempts=attempts, parked=parked, place=Place.REBUILD)
    row.parked = len(parked)
    row.skipped += verdict is OnError.SKIP
    return verdict is not OnError.PAUSE


def hold(projection: Projection, row: ProjectionRebuild, error: Exception, event: RecordedEvent | None) -> None:
    """Keep what holds the rebuild up, and when it is tried again. `event` is `None` where none is to blame."""
    where = f"event {event.event_id} at position {event.position}: " if event else ""
    row.attempts = _attempts_at(row, event)
    row.state, row.failed_position = ProjectionRebuild.State.FAILED, event.position if event else None
    row.error = (where + error_text(error))[:MAX_ERROR]
    row.retry_at = timezone.now() + timedelta(seconds=policy_of(projection).retry_delay(row.attempts))
    row.save()
    log_failure("rebuild_failed", projection, event, error, row.attempts)


def _attempts_at(row: ProjectionRebuild, event: RecordedEvent | None) -> int:
    """How often the event has failed in a row, this time included; `None` stands for something else."""
    is_held = row.state == ProjectionRebuild.State.FAILED
    return row.attempts + 1 if is_held and row.failed_position == (event.position if event else None) else 1
