"""Executor of operations on many instances: one at a time, in one transaction with the account of it.

Any number of workers may try: who has an operation's row locked does its next instance, the others go on with what is
free. What a crash interrupts has not happened, and comes again.
"""

import threading
import time
from datetime import UTC, datetime

import msgspec
import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from kit.operations import LIVE, next_turn
from outbox.api import is_outage
from sagas.exceptions import SagaError
from sagas.models import SagaOperation, SagaOperationItem
from sagas.operating.actions import ACTIONS, operate
from sagas.operating.operations import OPERATIONS

log = structlog.get_logger(__name__)

State = SagaOperationItem.State


def work_off_operations(*, seconds: float, stop: threading.Event | None = None) -> float | None:
    """Go on with operations for so long at most; seconds until the next instance's turn, None while there is none."""
    deadline, stop = time.monotonic() + seconds, stop or threading.Event()
    while True:
        pauses = [pause for number in OPERATIONS.live() if (pause := step(number)) is not None]
        if not pauses:
            return None
        pause = min(pauses)
        if stop.is_set() or time.monotonic() + pause >= deadline:
            return pause
        stop.wait(pause)


def step(operation_id: int) -> float | None:
    """Do an operation's next instance if it is its turn; seconds until the next one's.

    None when the operation has ended, or somebody else has it in hand.
    """
    with transaction.atomic():
        live = SagaOperation.objects.select_for_update(skip_locked=True).filter(pk=operation_id, state__in=LIVE)
        operation = live.first()
        if operation is None:
            return None
        now = datetime.now(UTC)
        if operation.next_at is not None and operation.next_at > now:
            return (operation.next_at - now).total_seconds()
        if ACTIONS.get(operation.verb) is None:
            _finish(operation, SagaOperation.State.FAILED, error=f"this installation has no verb {operation.verb!r}")
            return None
        next_at = next_turn(operation.next_at, operation.rate, now=now)
        item, *others = operation.items.filter(state=State.PENDING).order_by("id")[:2]
        _keep(operation, item, _why_not(operation, item), next_at)
        if not others:
            _finish(operation, SagaOperation.State.DONE)
            return None
    return max(0.0, (next_at - datetime.now(UTC)).total_seconds())


def _why_not(operation: SagaOperation, item: SagaOperationItem) -> str:
    """Act on an instance; why that cannot be, empty when it is done."""
    try:
        arguments = msgspec.convert(operation.arguments, ACTIONS[operation.verb].arguments)
        with transaction.atomic():
            operate(operation.verb, item.saga_id, arguments, actor=operation.actor, reason=operation.reason)
    except SagaError as error:
        return str(error)
    except Exception as error:
        if is_outage(error):
            raise
        # A fault in its definition, such as of a function that makes a request: the others go on.
        log.exception("saga_operation_failed_on_instance", operation=operation.pk, saga_id=str(item.saga_id))
        return f"{type(error).__name__}: {error}".replace("\0", "\\x00")[:2_000]
    return ""


def _keep(operation: SagaOperation, item: SagaOperationItem, why_not: str, next_at: datetime) -> None:
    state = State.REFUSED if why_not else State.DONE
    SagaOperationItem.objects.filter(pk=item.pk).update(state=state, why_not=why_not)
    SagaOperation.objects.filter(pk=operation.pk).update(
        state=SagaOperation.State.RUNNING,
        started_at=Coalesce(F("started_at"), Now()),
        next_at=next_at,
        done=F("done") + int(not why_not),
        refused=F("refused") + int(bool(why_not)),
    )


def _finish(operation: SagaOperation, state: SagaOperation.State, *, error: str = "") -> None:
    SagaOperation.objects.filter(pk=operation.pk).update(state=state, finished_at=Now(), error=error)
    log.info("saga_operation_ended", operation=operation.pk, state=str(state), error=error)
