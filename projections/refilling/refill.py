"""Refill: rows of a handled read model become what the log says, while its group and its readers go on.

The fold is made in shadow tables, as for a verification. Then the tables are locked against writers: whoever has
written to them has committed, and its events are in the inbox; whoever waits has not. So what the group has had at this
moment is exactly what the tables are to hold. What came during the fold is applied as well, and rows that are not as
the fold has them are exchanged in one commit. Readers see the old rows until then.
"""

import time
from datetime import datetime, timedelta
from functools import partial

from django.db import OperationalError, transaction
from django.utils import timezone
from msgspec import Struct
from psycopg.errors import LockNotAvailable

from kit.actions import Action, NoArguments, Operator
from projections.arguments import arguments
from projections.definition.handled import HandledReadModel
from projections.exceptions import RefillRefused
from projections.models import ProjectionOperation
from projections.verification.folding import HandledFold
from projections.verification.shadow import Shadow, only_read, put_before, wait_at_most

# Milliseconds for all tables together: below PostgreSQL's `deadlock_timeout`, so that the refill steps back and no
# handler has to.
LOCK_TIMEOUT = 500
LOCK_ATTEMPTS = 60
LOCK_PAUSE = 0.5  # seconds
# No transaction of a handler takes so long. What it has had, it has had since the transaction began.
MAX_TRANSACTION = timedelta(hours=1)


class Refilled(Struct, frozen=True, kw_only=True):
    """What a refill has done."""

    events: int
    """How many were folded."""
    removed: int
    """Rows that were wrong, or that no event speaks of."""
    written: int
    """Rows that were wrong, or were not there."""


def refill(model: HandledReadModel, *, actor: str, reason: str) -> Refilled:
    """Let the tables hold what the group's events say; rows that are right are not touched.

    Raises `CannotVerify` where no fold can be made, and `RefillRefused` where rows could get lost by it, or the tables
    cannot be had.
    """
    refilled: Refilled = REFILL.perform(model, NoArguments(), Operator(name=actor, reason=reason), checks=arguments)
    return refilled


def _refill(model: HandledReadModel, _: Struct, operator: Operator) -> Refilled:
    began = timezone.now()
    model.keepers()
    with transaction.atomic(durable=True):
        shadows = put_before(model.models)
        fold = HandledFold(model, goes_on=True)
        _fold(fold, model, since=None)
        _lock(shadows)
        _fold(fold, model, since=began - MAX_TRANSACTION)
        removed, written = _exchange(shadows, model)
        _keep(model, operator)
        if model.on_refilled is not None:
            transaction.on_commit(partial(model.on_refilled, sorted(removed[0] | written[0])), robust=True)
    return Refilled(events=fold.applied, removed=sum(map(len, removed)), written=sum(map(len, written)))


def _keep(model: HandledReadModel, operator: Operator) -> None:
    ProjectionOperation.objects.create(
        projection=model.name, verb=REFILL.verb, arguments={}, actor=operator.name, reason=operator.reason
    )


def _fold(fold: HandledFold, model: HandledReadModel, *, since: datetime | None) -> None:
    # Within the savepoint the database refuses what handlers would write to any other table.
    with transaction.atomic():
        only_read()
        fold.apply_log()
        unkept = fold.apply_external(since=since)
    if unkept:
        raise RefillRefused(
            f"{len(unkept)} events that {model.group} has had are kept nowhere, such as {min(unkept)}: "
            f"{model.name} would lose what they did"
        )


def _lock(shadows: list[Shadow]) -> None:
    """Keep writers out of all tables until the commit; readers go on."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            with transaction.atomic():
                wait_at_most(max(1, LOCK_TIMEOUT // len(shadows)))
                for shadow in shadows:
                    shadow.run("lock_against_writers")
                return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            if attempt == LOCK_ATTEMPTS - 1:
                raise RefillRefused("somebody writes to the tables all the time; try again later") from error
            time.sleep(LOCK_PAUSE)


def _exchange(shadows: list[Shadow], model: HandledReadModel) -> tuple[list[set[str]], list[set[str]]]:
    """Exchange what differs; by table, the keys of the rows that went, and of those that came."""
    removed, written = [], []
    for shadow in shadows:
        removed.append({key for (key,) in shadow.run("remove_differing", beside=list(model.beside))})
        written.append({key for (key,) in shadow.run("write_missing")})
    return removed, written


REFILL: Action[HandledReadModel] = Action(
    verb="refill",
    label="Refill",
    explanation="Makes the tables that handlers keep what the log says: a fold in shadow tables, then wrong rows are "
    "exchanged in one commit. The group goes on meanwhile and waits only for the exchange; queries do not wait.",
    permission="projections.rebuild_projection",
    effect=_refill,
)
