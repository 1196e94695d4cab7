"""Operations on dead letters: what an operator asks to be done, to which of them, who asks and why, kept as rows.

The rows are the truth: a worker that dies leaves the operation where it was, and the next one goes on.
"""

from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from kit.task_wakeup import wake_task
from outbox.arguments import arguments, check_decision
from outbox.conf import outbox_conf
from outbox.dead_letters.executor import BATCH, OPERATIONS, take_batch
from outbox.dead_letters.scheduling import enqueue, release
from outbox.dead_letters.selection import DeadLetterFilter, as_json, by_ids, select
from outbox.exceptions import InvalidArgument
from outbox.models import DeadLetter, DeadLetterOperation, OperationItem

log = structlog.get_logger(__name__)

RUN_OPERATIONS = "outbox.tasks.run_operations"
"""By name: the task works operations off, so it stands above them."""
Verb = DeadLetterOperation.Verb
# Between these lies how many dead letters a retry may deal with in a second: one in 100 seconds at least.
MIN_RATE, MAX_RATE = 0.01, 10_000.0


def affected(verb: str, selection: DeadLetterFilter) -> QuerySet[DeadLetter]:
    """The dead letters that an operation of this verb would deal with."""
    selected = select(selection)
    if verb == Verb.ARCHIVE:
        return selected.filter(archived_at=None).exclude(status=DeadLetter.Status.RETRYING)
    return selected.filter(status=DeadLetter.Status.OPEN)


def start_operation(
    verb: str,
    selection: DeadLetterFilter,
    *,
    actor: str,
    reason: str,
    rate: float | None = None,
    request_id: UUID | None = None,
) -> tuple[DeadLetterOperation, bool]:
    """Begin an operation on the dead letters selected now; and whether it is the answer to an earlier request.

    A retry is carried out by workers, at most `rate` in a second (by default the setting's); those of one key in the
    order in which they came. On blocking topics it goes on with what is parked behind them, until their keys
    are free. Whatever else it is, a small one is done when this returns.

    Raises:
        RequestIdConflict: the request id was used before for something else.
        InvalidArgument: there is no such verb, rate or filter, or no such actor or reason could be kept.
    """
    arguments.fields(selection)
    check_decision(actor=actor, reason=reason)
    arguments.number("rate", rate, least=MIN_RATE, most=MAX_RATE)
    arguments.uuid("request_id", request_id)
    if verb not in Verb.values:
        raise InvalidArgument("verb", f"must be one of {', '.join(Verb.values)}, not {verb!r}")
    with transaction.atomic():
        operation, created = _row(verb, selection, actor=actor, reason=reason, rate=rate, request_id=request_id)
        if not created:
            return operation, True
        operation.total = enqueue(operation, affected(verb, selection))
        if operation.total == 0:
            operation.state, operation.started_at, operation.finished_at = operation.State.DONE, Now(), Now()
        operation.save()
        if operation.total and verb != Verb.RETRY and operation.total < BATCH:
            take_batch(operation.pk)
        elif operation.total:
            transaction.on_commit(partial(wake_task, RUN_OPERATIONS), robust=True)
    operation.refresh_from_db()
    log.info(
        "an operation on dead letters has begun",
        operation=operation.pk,
        verb=str(verb),
        dead_letters=operation.total,
        filter=operation.filter,
        actor=actor,
        reason=reason,
    )
    return operation, False


def retry_dead_letters(*ids: int, actor: str, reason: str, rate: float | None = None) -> DeadLetterOperation:
    """Have open dead letters handled again by their group's handlers, in a worker."""
    return start_operation(Verb.RETRY, by_ids(*ids), actor=actor, reason=reason, rate=rate)[0]


def discard_dead_letters(*ids: int, actor: str, reason: str) -> DeadLetterOperation:
    """Close open dead letters without handling them."""
    return start_operation(Verb.DISCARD, by_ids(*ids), actor=actor, reason=reason)[0]


def archive_dead_letters(*ids: int, actor: str, reason: str) -> DeadLetterOperation:
    """Leave dead letters out of lists; they stay what they are and can be retried."""
    return start_operation(Verb.ARCHIVE, by_ids(*ids), actor=actor, reason=reason)[0]


def get_operation(operation_id: int) -> DeadLetterOperation:
    """The operation of that number. Raises `OperationNotFound`."""
    return OPERATIONS.get(operation_id)


def has_been_asked(request_id: UUID) -> bool:
    """Whether an operation was begun under this request id."""
    return DeadLetterOperation.objects.filter(request_id=request_id).exists()


def cancel_operation(operation_id: int, *, actor: str, reason: str) -> DeadLetterOperation:
    """End an operation behind the dead letter in hand; those whose turn has not come are open again.

    Raises:
        OperationNotFound: there is none of that number.
        OperationFinished: it has ended already.
        InvalidArgument: no such actor or reason could be kept.
    """
    check_decision(actor=actor, reason=reason)
    with transaction.atomic():
        # Waits for the dead letter in hand, whose transaction holds the row.
        operation = OPERATIONS.lock_live(operation_id)
        release(operation, OperationItem.State.CANCELLED)
        OPERATIONS.cancel(operation, actor=actor, reason=reason)
    operation.refresh_from_db()
    log.info("an operation on dead letters was cancelled", operation=operation_id, actor=actor, reason=reason)
    return operation


def _row(
    verb: str, selection: DeadLetterFilter, *, actor: str, reason: str, rate: float | None, request_id: UUID | None
) -> tuple[DeadLetterOperation, bool]:
    allowed = (rate or outbox_conf().dead_letter_retry_rate) if verb == Verb.RETRY else None
    fields = {"verb": str(verb), "filter": as_json(selection), "actor": actor, "reason": reason, "rate": allowed}
    return OPERATIONS.begin(request_id, fields)
