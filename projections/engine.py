"""Projection engine: events become rows of a read model, each once, whatever crashes.

One pass reads a page of the log after the projection's checkpoint, applies it and moves the checkpoint, all in one
transaction under the projection's lock: a crash undoes all of it, and a second engine finds the lock taken.
"""

from collections.abc import Sequence
from enum import StrEnum

import structlog
from django.db import transaction
from django.utils import timezone
from msgspec import Struct

from events.api import read_log
from events.envelope import LogPage, RecordedEvent
from outbox.api import is_outage
from projections import checkpoints
from projections.arguments import arguments
from projections.checkpoints import Status
from projections.models import ProjectionCheckpoint
from projections.projection import Projection

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a pass."""

    ADVANCED = "advanced"
    """The checkpoint moved."""
    CURRENT = "current"
    """There was nothing to do."""
    BUSY = "busy"
    """Another engine is at it."""
    PAUSED = "paused"
    """An operator holds the projection."""
    WAITING = "waiting"
    """The projection failed, and its time to try again has not come."""
    OUTDATED = "outdated"
    """The tables were filled by another version of the code; they serve as they are until a rebuild's swap."""
    FAILED = "failed"
    """An event could not be applied; the checkpoint stands before it."""


class Pass(Struct, frozen=True, kw_only=True):
    """The result of one pass."""

    outcome: Outcome
    applied: int = 0
    """Number of events applied."""
    more: bool = False
    """Whether the log holds more that can be read at once."""


class EventFailed(Exception):
    """A batch could not be applied as a whole."""


def run_pass(projection: Projection, *, limit: int = 1_000) -> Pass:
    """Apply at most `limit` events. Raises only when the database is not there, not for a failing event.

    When a batch fails, its transaction is rolled back and the events are applied one by one, up to the failing one;
    there the projection waits and is tried again with growing pauses, so that what passes by itself heals by itself.
    """
    arguments.limit(limit)
    try:
        with transaction.atomic():
            return _pass(projection, limit, one_by_one=False)
    except EventFailed:
        with transaction.atomic():
            return _pass(projection, limit, one_by_one=True)


def _pass(projection: Projection, limit: int, *, one_by_one: bool) -> Pass:
    if not checkpoints.try_lock(projection.name):
        return Pass(outcome=Outcome.BUSY)
    checkpoint = checkpoints.current(projection)
    if (held := _blocked(projection, checkpoint)) is not None:
        return Pass(outcome=held)
    page = _read(projection, checkpoint, limit)
    if page is None:
        return Pass(outcome=Outcome.FAILED)
    if page.position == checkpoint.position:
        return Pass(outcome=Outcome.CURRENT)
    # After a failure the next event is most likely the failing one: do not roll back a whole batch for it again.
    if one_by_one or checkpoint.status == Status.FAILED:
        return _apply_one_by_one(projection, checkpoint, page)
    _apply_together(projection, checkpoint, page.events)
    checkpoints.advance(projection.name, page.position)
    return _advanced(page)


def _blocked(projection: Projection, checkpoint: ProjectionCheckpoint) -> Outcome | None:
    if checkpoint.version != projection.version:
        return Outcome.OUTDATED
    if checkpoint.status == Status.PAUSED:
        return Outcome.PAUSED
    if checkpoint.status == Status.FAILED and checkpoint.retry_at and checkpoint.retry_at > timezone.now():
        return Outcome.WAITING
    return None


def _read(projection: Projection, checkpoint: ProjectionCheckpoint, limit: int) -> LogPage | None:
    try:
        return read_log(checkpoint.position, limit, projection.event_types)
    except Exception as error:
        if is_outage(error) or transaction.get_connection().needs_rollback:
            raise
        _failed(checkpoint, None, error)
        return None


def _apply_together(projection: Projection, checkpoint: ProjectionCheckpoint, events: Sequence[RecordedEvent]) -> None:
    if not events:
        return
    try:
        projection.apply_batch(events)
        take_effect(projection, checkpoint, events)
    except Exception as error:
        if is_outage(error):
            raise
        raise EventFailed from error


def take_effect(projection: Projection, checkpoint: ProjectionCheckpoint, events: Sequence[RecordedEvent]) -> None:
    """Let applied events have their effects beside the tables, but for those that had them when other tables served."""
    if events and events[0].position <= checkpoint.effects_until:
        events = [event for event in events if event.position > checkpoint.effects_until]
    if events:
        projection.on_applied(events)


def _apply_one_by_one(projection: Projection, checkpoint: ProjectionCheckpoint, page: LogPage) -> Pass:
    for applied, event in enumerate(page.events):
        try:
            with transaction.atomic():
                projection.apply_batch([event])
                take_effect(projection, checkpoint, [event])
        except Exception as error:
            if is_outage(error):
                raise
            # All that is before the failing event is in the tables, positions without an event included.
            checkpoints.advance(projection.name, event.position - 1)
            _failed(checkpoint, event, error)
            return Pass(outcome=Outcome.FAILED, applied=applied)
    checkpoints.advance(projection.name, page.position)
    checkpoints.recover(projection.name)
    return _advanced(page)


def _failed(checkpoint: ProjectionCheckpoint, event: RecordedEvent | None, error: Exception) -> None:
    attempts = checkpoints.fail(checkpoint, event=event, error=error)
    log.error(
        "projection_failed",
        projection=checkpoint.name,
        attempts=attempts,
        error=type(error).__name__,
        event_id=str(event.event_id) if event else None,
        correlation_id=str(event.correlation_id) if event and event.correlation_id else None,
        position=event.position if event else None,
    )


def _advanced(page: LogPage) -> Pass:
    return Pass(outcome=Outcome.ADVANCED, applied=len(page.events), more=page.position < page.safe_position)
