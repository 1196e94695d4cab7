"""Executor of operations on dead letters: one, or a batch, in one transaction with the account of it.

Any number of workers may try: one at a time has an operation, by an advisory lock that goes with its connection, and
the operation's row is locked while a dead letter is in hand, so that a worker that has lost its lock does nothing
twice.
"""

import threading
import time
from datetime import UTC, datetime

import structlog
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from kit.operations import LIVE, Operations, next_turn
from kit.outage_log import outage_log
from kit.outages import is_outage, part_of
from kit.postgresql.connections import own_connection
from outbox.dead_letters.scheduling import block_key, enqueue_parked, is_blocked, next_item, release
from outbox.dead_letters.store import handle_again
from outbox.exceptions import OperationFinished, OperationNotFound, RequestIdConflict
from outbox.models import DeadLetter, DeadLetterOperation, OperationItem
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

# Of the advisory locks of operations; others have their own.
NAMESPACE = 0x4E4C4F50
# Dead letters that are discarded or archived in one transaction.
BATCH = 500
# Seconds until an operation looks again whether the turn of a dead letter has come: another operation may have an
# earlier one of its key, or its group may be paused.
BLOCKED_RETRY_DELAY = 1.0
# Seconds until an operation is tried again for which a server was away.
OUTAGE_RETRY_DELAY = 1.0
OPERATIONS = Operations(
    kind=DeadLetterOperation, not_found=OperationNotFound, finished=OperationFinished, conflict=RequestIdConflict
)


def work_off_operations(*, seconds: float, stop: threading.Event | None = None) -> int:
    """Go on with the operations that nobody works on, for so long at most; how many steps were done.

    What a server is away for is tried again later; the other operations go on meanwhile.
    """
    if not OPERATIONS.live():
        return 0
    deadline, stop = time.monotonic() + seconds, stop or threading.Event()
    steps = 0
    with own_connection() as locks:
        due = dict.fromkeys(_take(locks), 0.0)
        while due and not stop.is_set() and time.monotonic() < deadline:
            for operation_id in [number for number, moment in due.items() if moment <= time.monotonic()]:
                try:
                    pause = step(operation_id)
                    steps += 1
                except Exception as error:
                    if not is_outage(error):
                        _give_up(operation_id, error)
                        raise
                    outage_log(part_of(error)).lost(error, operation=operation_id)
                    pause = OUTAGE_RETRY_DELAY
                if pause is None:
                    del due[operation_id]
                else:
                    due[operation_id] = time.monotonic() + pause
            if due:
                stop.wait(max(0.0, min(*due.values(), deadline) - time.monotonic()))
    return steps


def step(operation_id: int) -> float | None:
    """Do the next piece of an operation; seconds until its next step may be done, None when it has ended."""
    with transaction.atomic():
        operation = DeadLetterOperation.objects.select_for_update().get(pk=operation_id)
        if not operation.is_live:
            return None
        if operation.verb != DeadLetterOperation.Verb.RETRY:
            return take_batch(operation_id)
        now = datetime.now(UTC)
        if operation.next_at is not None and operation.next_at > now:
            return (operation.next_at - now).total_seconds()
        return _retry_next(operation, now)


def take_batch(operation_id: int) -> float | None:
    """Discard or archive the next dead letters of an operation, in the caller's transaction; None when it has ended."""
    operation = DeadLetterOperation.objects.get(pk=operation_id)
    pending = operation.items.filter(state=OperationItem.State.PENDING)
    batch = dict(pending.values_list("dead_letter_id", "id")[:BATCH])
    locked = DeadLetter.objects.filter(pk__in=batch).order_by("id").select_for_update(of=("self",))
    if operation.verb == DeadLetterOperation.Verb.DISCARD:
        changed = [dead_letter.pk for dead_letter in locked if dead_letter.status == DeadLetter.Status.OPEN]
        DeadLetter.objects.filter(pk__in=changed).update(status=DeadLetter.Status.DISCARDED)
    else:
        changed = [dead_letter.pk for dead_letter in locked if dead_letter.status != DeadLetter.Status.RETRYING]
        DeadLetter.objects.filter(pk__in=changed).update(archived_at=Now())
    done = [batch.pop(dead_letter_id) for dead_letter_id in changed]
    OperationItem.objects.filter(pk__in=done).update(state=OperationItem.State.DONE)
    OperationItem.objects.filter(pk__in=batch.values()).update(state=OperationItem.State.SKIPPED)
    _count(operation_id, done=len(done), skipped=len(batch))
    if len(done) + len(batch) == BATCH:
        return 0.0
    _finish(operation_id)
    return None


def _retry_next(operation: DeadLetterOperation, now: datetime) -> float | None:
    pending = operation.items.filter(state=OperationItem.State.PENDING)
    next_at = next_turn(operation.next_at, operation.rate, now=now)
    if item := next_item(operation):
        _retry(operation, item, next_at)
    if not pending.exists():
        _finish(operation.pk)
        return None
    return max(0.0, (next_at - datetime.now(UTC)).total_seconds()) if item else BLOCKED_RETRY_DELAY


def _retry(operation: DeadLetterOperation, item: OperationItem, next_at: datetime) -> None:
    """Handle the dead letter of an item, and keep account."""
    dead_letter = DeadLetter.objects.select_for_update(of=("self",)).get(pk=item.dead_letter_id)
    if dead_letter.status != DeadLetter.Status.RETRYING:
        _set_state(item, OperationItem.State.SKIPPED)
        _count(operation.pk, next_at=next_at, skipped=1)
    elif is_blocked(dead_letter):
        _count(operation.pk, next_at=next_at, skipped=block_key(item))
    elif handle_again(dead_letter):
        _set_state(item, OperationItem.State.DONE)
        _count(operation.pk, next_at=next_at, done=1, enqueued=enqueue_parked(operation, dead_letter))
    else:
        _set_state(item, OperationItem.State.FAILED)
        _count(operation.pk, next_at=next_at, failed=1, skipped=block_key(item))


def _set_state(item: OperationItem, state: OperationItem.State) -> None:
    OperationItem.objects.filter(pk=item.pk).update(state=state)


def _count(
    operation_id: int,
    *,
    done: int = 0,
    failed: int = 0,
    skipped: int = 0,
    enqueued: int = 0,
    next_at: datetime | None = None,
) -> None:
    DeadLetterOperation.objects.filter(pk=operation_id).update(
        state=DeadLetterOperation.State.RUNNING,
        started_at=Coalesce(F("started_at"), Now()),
        next_at=next_at,
        total=F("total") + enqueued,
        done=F("done") + done,
        failed=F("failed") + failed,
        skipped=F("skipped") + skipped,
    )


def _finish(operation_id: int) -> None:
    DeadLetterOperation.objects.filter(pk=operation_id).update(state=DeadLetterOperation.State.DONE, finished_at=Now())
    log.info("an operation on dead letters is done", operation=operation_id)


def _give_up(operation_id: int, error: Exception) -> None:
    """A fault of ours, not of a message: somebody has to look, and the dead letters are open meanwhile."""
    with transaction.atomic():
        operation = DeadLetterOperation.objects.select_for_update().get(pk=operation_id)
        release(operation, OperationItem.State.CANCELLED)
        DeadLetterOperation.objects.filter(pk=operation_id, state__in=LIVE).update(
            state=DeadLetterOperation.State.FAILED,
            finished_at=Now(),
            error=f"{type(error).__name__}: {error}".replace("\0", "\\x00")[:2_000],
        )


def _take(locks: BaseDatabaseWrapper) -> list[int]:
    """The live operations that nobody else works on; they are this worker's until it closes the connection."""
    with locks.cursor() as cursor:
        cursor.execute(statement("lock_operations"), {"namespace": NAMESPACE, "operations": OPERATIONS.live()})
        return [number for (number,) in cursor.fetchall()]
