"""Operations on many instances: what an operator asks to be done, to which of them, who asks and why, kept as rows.

They are carried out by the loop that workers host, or by beat; see `sagas.operating.executor`.
"""

from itertools import islice
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now
from msgspec import Struct

from kit.actions import NoArguments
from kit.arguments import MAX_REASON
from kit.operations import Operations
from sagas.arguments import arguments as checks
from sagas.exceptions import InvalidArgument, OperationFinished, OperationNotFound, RequestIdConflict
from sagas.models import SagaOperation, SagaOperationItem
from sagas.operating.actions import ACTIONS, NewData
from sagas.operating.selection import SagaFilter, affected, as_json

log = structlog.get_logger(__name__)

# Not `edit`: no two instances have the same data.
VERBS = tuple(verb for verb, action in ACTIONS.items() if action.arguments is not NewData)
"""What can be done to many instances."""
DEFAULT_RATE = 10.0
MIN_RATE, MAX_RATE = 0.01, 10_000.0
# Rows of items written in one statement.
CHUNK_SIZE = 5_000
OPERATIONS = Operations(
    kind=SagaOperation, not_found=OperationNotFound, finished=OperationFinished, conflict=RequestIdConflict
)


def start_operation(
    verb: str,
    selection: SagaFilter,
    arguments: Struct | None = None,
    *,
    actor: str,
    reason: str,
    rate: float | None = None,
    request_id: UUID | None = None,
) -> tuple[SagaOperation, bool]:
    """Begin an operation on the instances selected now; and whether it is the answer to an earlier request.

    Workers carry it out, at most `rate` instances in a second, those first that have not moved for longest. What
    comes to be selected later is not touched; what has changed meanwhile is tried as it is then.

    Raises:
        RequestIdConflict: the request id was used before for something else.
        InvalidArgument: there is no such verb, rate or filter, or no such actor or reason could be kept.
    """
    checks.fields(selection)
    checks.text("actor", actor, least=1, most=255)
    checks.text("reason", reason, least=1, most=MAX_REASON)
    checks.number("rate", rate, least=MIN_RATE, most=MAX_RATE)
    if verb not in VERBS:
        raise InvalidArgument("verb", f"must be one of {', '.join(VERBS)}, not {verb!r}")
    given = arguments or NoArguments()
    if not isinstance(given, ACTIONS[verb].arguments):
        raise InvalidArgument("arguments", f"{verb} needs {ACTIONS[verb].arguments.__name__}")
    fields = {"verb": verb, "filter": as_json(selection), "arguments": as_json(given), "actor": actor}
    with transaction.atomic():
        operation, created = OPERATIONS.begin(request_id, fields | {"reason": reason, "rate": rate or DEFAULT_RATE})
        if not created:
            return operation, True
        operation.total = _enqueue(operation, selection)
        if operation.total == 0:
            operation.state, operation.started_at, operation.finished_at = operation.State.DONE, Now(), Now()
        operation.save()
    operation.refresh_from_db()
    log.info("saga_operation_begun", operation=operation.pk, instances=operation.total, **fields, reason=reason)
    return operation, False


def cancel_operation(operation_id: int, *, actor: str, reason: str) -> SagaOperation:
    """End an operation behind the instance in hand; those whose turn has not come stay as they are.

    Raises:
        OperationNotFound: there is none of that number.
        OperationFinished: it has ended already.
        InvalidArgument: no such actor or reason could be kept.
    """
    checks.text("actor", actor, least=1, most=255)
    checks.text("reason", reason, least=1, most=MAX_REASON)
    with transaction.atomic():
        operation = OPERATIONS.lock_live(operation_id)
        OPERATIONS.cancel(operation, actor=actor, reason=reason)
    operation.refresh_from_db()
    log.info("saga_operation_cancelled", operation=operation_id, actor=actor, reason=reason)
    return operation


def refused_items(operation: SagaOperation, *, limit: int = 20) -> list[SagaOperationItem]:
    """The first instances that were refused, with why."""
    return list(operation.items.filter(state=SagaOperationItem.State.REFUSED).order_by("id")[:limit])


def _enqueue(operation: SagaOperation, selection: SagaFilter) -> int:
    """Write down which instances the operation is about, in order; how many."""
    selected = affected(operation.verb, selection).order_by("updated_at", "saga_id").values_list("saga_id", "key")
    items = (
        SagaOperationItem(operation=operation, saga_id=saga_id, key=key)
        for saga_id, key in selected.iterator(chunk_size=CHUNK_SIZE)
    )
    enqueued = 0
    while chunk := list(islice(items, CHUNK_SIZE)):
        SagaOperationItem.objects.bulk_create(chunk)
        enqueued += len(chunk)
    return enqueued
