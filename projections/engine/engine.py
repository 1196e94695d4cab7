"""Projection engine: events become rows of a read model, each once, whatever crashes.

One pass reads a page of the log after the projection's checkpoint, applies it and moves the checkpoint, all in one
transaction under the projection's lock: a crash undoes all of it, and a second engine finds the lock taken. Where
several workers share a projection, each passes over a partition of the log, which has a position of its own.

It has more than 200 lines because a pass is one thing, from its locks to its failures.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from msgspec import Struct

from events.api import LogPartition, read_log
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
from projections.engine.partitions import partitions, set_number
from projections.models import Progress, ProjectionCheckpoint


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


PRECEDENCE = (
    Outcome.ADVANCED,
    Outcome.FAILED,
    Outcome.BUSY,
    Outcome.WAITING,
    Outcome.CURRENT,
    Outcome.PAUSED,
    Outcome.OUTDATED,
)
"""Of several partitions with nothing to apply, the outcome that is told."""


class Pass(Struct, frozen=True, kw_only=True):
    """The result of one pass."""

    outcome: Outcome
    applied: int = 0
    """Number of events applied."""
    more: bool = False
    """Whether the log holds more that can be read at once."""
    position: int | None = None
    """Up to where the tables are now, as far as one number tells that."""


class EventFailed(Exception):
    """A batch could not be applied as a whole; `part` is the number of the partition."""

    def __init__(self, part: int) -> None:
        super().__init__()
        self.part = part


class Part(Struct, frozen=True, eq=False):
    """What a pass is at: a projection, or one partition of it. Its locks are held."""

    projection: Projection
    checkpoint: ProjectionCheckpoint
    row: Progress
    """Where it stands: the checkpoint itself, or its partition's row."""
    partition: LogPartition | None = None
    target: int | None = None
    """How far it is to go, where not as far as the log can be read: up to where all partitions are brought together, or
    what was read of the log a moment ago."""

    @property
    def number(self) -> int:
        return self.partition.number if self.partition else 0


def run_pass(projection: Projection, *, limit: int = 1_000, safe_position: int | None = None) -> Pass:
    """Apply at most `limit` events. Raises only when the database is not there, not for a failing event.

    Who has just read the `safe_position`, outside of a transaction, may say so: it is safe for ever.

    When a batch fails, its transaction is rolled back and the events are applied one by one, up to the failing one;
    there the projection waits and is tried again with growing pauses, so that what passes by itself heals by itself.
    Where its policy says so, it parks the event's aggregate or skips the event after some attempts, and goes on.

    Of several partitions, it takes the first one that has something to apply and that nobody is at, the slowest first.
    """
    arguments.limit(limit)
    try:
        with transaction.atomic():
            return _pass(projection, limit, safe_position)
    except EventFailed as failed:
        with transaction.atomic():
            return _pass(projection, limit, safe_position, one_by_one=failed.part)


def _pass(projection: Projection, limit: int, safe_position: int | None, *, one_by_one: int | None = None) -> Pass:
    found: list[Outcome] = []
    for part in _parts(projection, safe_position):
        if isinstance(part, Outcome):
            found.append(part)
        elif one_by_one is None or one_by_one == part.number:
            result = _pass_over(part, limit, one_by_one=one_by_one is not None)
            # What was appended may all be of another partition.
            if part.partition is None or result.applied or result.more or result.outcome is Outcome.FAILED:
                return result
            found.append(result.outcome)
    return Pass(outcome=min(found, key=PRECEDENCE.index, default=Outcome.CURRENT))


def _parts(projection: Projection, safe_position: int | None) -> Iterator[Part | Outcome]:
    """What can be passed over, each with its locks; or why it cannot be."""
    name, is_alone = projection.name, policy_of(projection).workers == 1
    # The one part of most projections, with one statement.
    if not (checkpoints.try_pass(name) if is_alone else checkpoints.try_share(name)):
        yield Outcome.BUSY
        return
    checkpoint = checkpoints.current(projection)
    if checkpoint.version == projection.version and checkpoint.status != Status.PAUSED:
        checkpoint = set_number(projection, checkpoint)
    if (held := _blocked(projection, checkpoint)) is not None:
        yield held
    elif checkpoint.partitions > 1:
        yield from _partitions(projection, checkpoint)
    elif is_alone:
        yield Part(projection, checkpoint, checkpoint, target=safe_position)
    elif checkpoints.try_pass(name):
        # Looked at again, for somebody else may have been at it until now.
        yield Part(projection, checkpoint := checkpoints.current(projection), checkpoint, target=safe_position)
    else:
        yield Outcome.BUSY


def _partitions(projection: Projection, checkpoint: ProjectionCheckpoint) -> Iterator[Part | Outcome]:
    rows = partitions(projection.name)
    target = max(row.position for row in rows) if policy_of(projection).workers != len(rows) else None
    for row in sorted(rows, key=lambda row: row.position):
        if not checkpoints.try_pass(projection.name, row.number):
            yield Outcome.BUSY
            continue
        row.refresh_from_db()
        yield _waiting(row) or Part(projection, checkpoint, row, LogPartition(number=row.number, of=len(rows)), target)


def _pass_over(part: Part, limit: int, *, one_by_one: bool) -> Pass:
    projection, checkpoint = part.projection, part.checkpoint
    page = _read(part, limit)
    if page is None:
        return Pass(outcome=Outcome.FAILED)
    if part.partition is None and (policy_of(projection).mode is Mode.INLINE or checkpoint.is_inline):
        _set_mode(projection, checkpoint, page)
    if page.position == part.row.position:
        return Pass(outcome=Outcome.CURRENT, position=page.position if part.partition is None else None)
    parked = parked_streams(projection.name) if checkpoint.parked else set()
    events: Sequence[RecordedEvent] = page.events
    if checkpoint.is_inline and events:
        applied = ahead.positions(projection.name, until=page.position)
        events = [event for event in events if event.position not in applied]
    # After a failure the next event is most likely the failing one: do not roll back a whole batch for it again.
    if one_by_one or part.row.status == Status.FAILED:
        return _apply_one_by_one(part, page, events, parked)
    if parked:
        events = [event for event in events if event.stream not in parked]
    _apply_together(part, events)
    _advance(part, page.position)
    return _advanced(part, page, len(events))


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


def _advance(part: Part, position: int) -> None:
    checkpoints.advance(part.row, position)
    if part.checkpoint.is_inline:
        ahead.forget(part.projection.name, until=position)


def _blocked(projection: Projection, checkpoint: ProjectionCheckpoint) -> Outcome | None:
    if checkpoint.version != projection.version:
        return Outcome.OUTDATED
    if checkpoint.status == Status.PAUSED:
        return Outcome.PAUSED
    return _waiting(checkpoint)


def _waiting(row: Progress) -> Outcome | None:
    is_held = row.status == Status.FAILED and row.retry_at is not None and row.retry_at > timezone.now()
    return Outcome.WAITING if is_held else None


def _read(part: Part, limit: int) -> LogPage | None:
    try:
        return read_log(
            part.row.position,
            limit,
            part.projection.event_types,
            partition=part.partition,
            # Never before the position, where another worker may have come further since.
            safe_position=part.target,
        )
    except Exception as error:
        if is_outage(error) or transaction.get_connection().needs_rollback:
            raise
        _failed(part, None, error, attempts=checkpoints.attempts_at(part.row, None))
        return None


def _apply_together(part: Part, events: Sequence[RecordedEvent]) -> None:
    if not events:
        return
    try:
        apply(part.projection, part.checkpoint, events)
    except Exception as error:
        if is_outage(error):
            raise
        raise EventFailed(part.number) from error


def _apply_one_by_one(part: Part, page: LogPage, events: Sequence[RecordedEvent], parked: set[StreamId]) -> Pass:
    applied = 0
    for event in events:
        if event.stream in parked:
            continue
        try:
            with transaction.atomic():
                apply(part.projection, part.checkpoint, [event])
        except Exception as error:
            if is_outage(error):
                raise
            if not _passed_over(part, event, error, checkpoints.attempts_at(part.row, event), parked):
                return Pass(outcome=Outcome.FAILED, applied=applied)
        else:
            applied += 1
    _advance(part, page.position)
    checkpoints.recover(part.row)
    return _advanced(part, page, applied)


def _passed_over(part: Part, event: RecordedEvent, error: Exception, attempts: int, parked: set[StreamId]) -> bool:
    """Do what the policy says about an event that failed; whether the projection goes on without it."""
    if leave_behind(part.projection, event, error, attempts=attempts, parked=parked) is not OnError.PAUSE:
        checkpoints.count_parked(part.projection.name)
        return True
    # All that is before the failing event is in the tables, positions without an event included.
    checkpoints.advance(part.row, event.position - 1)
    _failed(part, event, error, attempts=attempts)
    return False


def _failed(part: Part, event: RecordedEvent | None, error: Exception, *, attempts: int) -> None:
    delay = policy_of(part.projection).retry_delay(attempts)
    checkpoints.fail(part.row, event=event, error=error, attempts=attempts, delay=delay)
    log_failure("projection_failed", part.projection, event, error, attempts)


def _advanced(part: Part, page: LogPage, applied: int) -> Pass:
    # Of several partitions, others are behind as well, or the next pass finds that they are not.
    more = page.position < page.safe_position or (part.partition is not None and applied > 0)
    position = page.position if part.partition is None else None
    return Pass(outcome=Outcome.ADVANCED, applied=applied, more=more, position=position)
