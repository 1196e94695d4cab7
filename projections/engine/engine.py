"""Projection engine: events become rows of a read model, each once, whatever crashes.

One pass reads a page of the log after the projection's checkpoint, applies it and moves the checkpoint, all in one
transaction under the projection's lock: a crash undoes all of it, and a second engine finds the lock taken.
"""

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from msgspec import Struct

from events.api import read_log
from events.envelope import LogPage, RecordedEvent, StreamId
from outbox.api import is_outage
from projections.arguments import arguments
from projections.definition.policy import Mode, OnError
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine import ahead, checkpoints
from projections.engine.applying import apply
from projections.engine.checkpoints import Status
from projections.engine.failures import leave_behind, log_failure
from projections.engine.left_behind import parked_streams
from projections.models import ProjectionCheckpoint


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
    Where its policy says so, it parks the event's aggregate or skips the event after some attempts, and goes on.
    """
    arguments.limit(limit)
    try:
        with transaction.atomic():
            return _pass(projection, limit, one_by_one=False)
    except EventFailed:
        with transaction.atomic():
            return _pass(projection, limit, one_by_one=True)


def _pass(projection: Projection, limit: int, *, one_by_one: bool) -> Pass:
    if not checkpoints.try_pass(projection.name):
        return Pass(outcome=Outcome.BUSY)
    checkpoint = checkpoints.current(projection)
    if (held := _blocked(projection, checkpoint)) is not None:
        return Pass(outcome=held)
    page = _read(projection, checkpoint, limit)
    if page is None:
        return Pass(outcome=Outcome.FAILED)
    if policy_of(projection).mode is Mode.INLINE or checkpoint.is_inline:
        _set_mode(projection, checkpoint, page)
    if page.position == checkpoint.position:
        return Pass(outcome=Outcome.CURRENT)
    parked = parked_streams(projection.name) if checkpoint.parked else set()
    events: Sequence[RecordedEvent] = page.events
    if checkpoint.is_inline and events:
        applied = ahead.positions(projection.name, until=page.position)
        events = [event for event in events if event.position not in applied]
    # After a failure the next event is most likely the failing one: do not roll back a whole batch for it again.
    if one_by_one or checkpoint.status == Status.FAILED:
        return _apply_one_by_one(projection, checkpoint, page, events, parked)
    if parked:
        events = [event for event in events if event.stream not in parked]
    _apply_together(projection, checkpoint, events)
    _advance(checkpoint, page.position)
    return _advanced(page, len(events))


def _set_mode(projection: Projection, checkpoint: ProjectionCheckpoint, page: LogPage) -> None:
    """Become inline where the policy says so and the tables have caught up, or cease to be."""
    name, wanted = projection.name, policy_of(projection).mode is Mode.INLINE
    if wanted == checkpoint.is_inline or (wanted and page.position < page.safe_position):
        return
    # Appends that have seen that it is inline share the lock, and note what they apply. Other processes may still want
    # it so: then it ends when none has noted anything that the checkpoint has to come to.
    if not wanted and (not checkpoints.try_lock(name) or ahead.count(name, checkpoint.position)):
        return
    checkpoints.set_inline(name, is_inline=wanted)
    checkpoint.is_inline = wanted


def _advance(checkpoint: ProjectionCheckpoint, position: int) -> None:
    checkpoints.advance(checkpoint.name, position)
    if checkpoint.is_inline:
        ahead.forget(checkpoint.name, until=position)


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
        _failed(projection, None, error, attempts=checkpoints.attempts_at(checkpoint, None))
        return None


def _apply_together(projection: Projection, checkpoint: ProjectionCheckpoint, events: Sequence[RecordedEvent]) -> None:
    if not events:
        return
    try:
        apply(projection, checkpoint, events)
    except Exception as error:
        if is_outage(error):
            raise
        raise EventFailed from error


def _apply_one_by_one(
    projection: Projection,
    checkpoint: ProjectionCheckpoint,
    page: LogPage,
    events: Sequence[RecordedEvent],
    parked: set[StreamId],
) -> Pass:
    applied = 0
    for event in events:
        if event.stream in parked:
            continue
        try:
            with transaction.atomic():
                apply(projection, checkpoint, [event])
        except Exception as error:
            if is_outage(error):
                raise
            if not _passed_over(projection, event, error, checkpoints.attempts_at(checkpoint, event), parked):
                return Pass(outcome=Outcome.FAILED, applied=applied)
        else:
            applied += 1
    _advance(checkpoint, page.position)
    checkpoints.recover(projection.name)
    return _advanced(page, applied)


def _passed_over(
    projection: Projection, event: RecordedEvent, error: Exception, attempts: int, parked: set[StreamId]
) -> bool:
    """Do what the policy says about an event that failed; whether the projection goes on without it."""
    if leave_behind(projection, event, error, attempts=attempts, parked=parked) is not OnError.PAUSE:
        checkpoints.count_parked(projection.name)
        return True
    # All that is before the failing event is in the tables, positions without an event included.
    checkpoints.advance(projection.name, event.position - 1)
    _failed(projection, event, error, attempts=attempts)
    return False


def _failed(projection: Projection, event: RecordedEvent | None, error: Exception, *, attempts: int) -> None:
    delay = policy_of(projection).retry_delay(attempts)
    checkpoints.fail(projection.name, event=event, error=error, attempts=attempts, delay=delay)
    log_failure("projection_failed", projection, event, error, attempts)


def _advanced(page: LogPage, applied: int) -> Pass:
    return Pass(outcome=Outcome.ADVANCED, applied=applied, more=page.position < page.safe_position)
