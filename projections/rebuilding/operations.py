"""Operations on rebuilds: begun, let in, taken back, cleared away or given up by an operator, as actions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog
from django.db import OperationalError, transaction
from msgspec import Struct
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from kit.actions import Action, NoArguments, Operator
from projections import checkpoints
from projections.arguments import arguments as checks
from projections.exceptions import RebuildRefused
from projections.models import ProjectionRebuild
from projections.projection import Projection
from projections.rebuilding import records, tables
from projections.rebuilding.records import RebuildStatus, State, rebuild_status
from projections.rebuilding.swapping import PATIENT_TIMEOUT, roll_back

log = structlog.get_logger(__name__)

PERMISSION = "projections.rebuild_projection"

Act = Callable[[Projection, Any, Operator], ProjectionRebuild]


class HowToRebuild(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the tables take over by themselves."""

    swap: bool = True


def rebuild(projection: Projection, *, actor: str, reason: str, swap: bool = True) -> RebuildStatus:
    """Begin to fill the projection anew, beside the tables that serve; workers go on with it.

    The new tables take over as soon as they have caught up, or when `swap` is asked for. Raises `RebuildRefused`.
    """
    return operate("rebuild", projection, HowToRebuild(swap=swap), actor=actor, reason=reason)


def operate(verb: str, projection: Projection, arguments: Struct, *, actor: str, reason: str) -> RebuildStatus:
    """Do what an operator wants; the rebuild afterwards. Raises `RebuildRefused` for what cannot be done now."""
    operator = Operator(name=actor, reason=reason)
    row: ProjectionRebuild = ACTIONS[verb].perform(projection, arguments, operator, checks=checks)
    log.info("projection operated", actor=actor, verb=verb, name=projection.name, reason=reason)
    return rebuild_status(row)


def _begin(projection: Projection, how: HowToRebuild, operator: Operator) -> ProjectionRebuild:
    if records.open_rebuild(projection.name):
        raise RebuildRefused(projection.name, "a rebuild is under way; swap or cancel it")
    wanted = tables.tables_of(projection)
    if found := tables.obstacles(wanted):
        raise RebuildRefused(projection.name, "; ".join(found))
    checkpoints.current(projection)
    tables.make_shadow(tables.shadow_schema(projection.name), wanted)
    return ProjectionRebuild.objects.create(
        projection=projection.name,
        version=projection.version,
        swaps=how.swap,
        started_by=operator.name,
        reason=operator.reason,
    )


def _swap(projection: Projection, _: Struct, __: Operator) -> ProjectionRebuild:
    row = _open(projection)
    row.swaps, row.retry_at = True, None
    row.save()
    return row


def _cancel(projection: Projection, _: Struct, __: Operator) -> ProjectionRebuild:
    row = _open(projection)
    tables.drop_schema(tables.shadow_schema(projection.name))
    records.end(row, State.CANCELLED)
    return row


def _roll_back(projection: Projection, _: Struct, __: Operator) -> ProjectionRebuild:
    row = _swapped(projection)
    if records.open_rebuild(projection.name):
        raise RebuildRefused(projection.name, "another rebuild is under way; cancel it first")
    roll_back(projection, row)
    return row


def _drop(projection: Projection, _: Struct, __: Operator) -> ProjectionRebuild:
    row = _swapped(projection)
    tables.drop_schema(tables.previous_schema(projection.name))
    records.end(row, State.DROPPED)
    return row


def _open(projection: Projection) -> ProjectionRebuild:
    row = records.open_rebuild(projection.name)
    if row is None:
        raise RebuildRefused(projection.name, "no rebuild is under way; begin one")
    return row


def _swapped(projection: Projection) -> ProjectionRebuild:
    row = records.swapped_rebuild(projection.name)
    if row is None:
        raise RebuildRefused(projection.name, "no previous tables are kept")
    return row


def _perform(act: Act, projection: Projection, arguments: Struct, operator: Operator) -> ProjectionRebuild:
    """Let the verb take effect, in one transaction under the rebuild lock."""
    with _explained(projection), transaction.atomic():
        records.wait_at_most(PATIENT_TIMEOUT)
        records.lock(projection.name)
        return act(projection, arguments, operator)


@contextmanager
def _explained(projection: Projection) -> Iterator[None]:
    """What the database refuses, in words that say what can be done about it."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise RebuildRefused(projection.name, "a worker is at its rebuild just now; try again") from error
    except Exception as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        raise RebuildRefused(
            projection.name, f"the database's role may not do that: {error}; it needs CREATE on the database"
        ) from error


def _action(
    verb: str, act: Act, *, label: str, explanation: str, arguments: type[Struct] = NoArguments, dangerous: bool = False
) -> Action[Projection]:
    return Action(
        verb=verb,
        label=label,
        explanation=explanation,
        permission=PERMISSION,
        arguments=arguments,
        effect=partial(_perform, act),
        dangerous=dangerous,
    )


ACTIONS: dict[str, Action[Projection]] = {
    action.verb: action
    for action in (
        _action(
            "rebuild",
            _begin,
            label="Rebuild",
            explanation="Fills tables beside those that serve, which take over when they have caught up.",
            arguments=HowToRebuild,
        ),
        _action(
            "swap",
            _swap,
            label="Swap",
            explanation="Lets the new tables take over as soon as they have caught up.",
        ),
        _action(
            "rollback",
            _roll_back,
            label="Roll back",
            explanation="Lets the previous tables serve again, which the engine brings up to date; the others go.",
            dangerous=True,
        ),
        _action(
            "drop",
            _drop,
            label="Drop previous tables",
            explanation="Removes the tables that served before the last swap; after that there is no way back.",
            dangerous=True,
        ),
        _action(
            "cancel",
            _cancel,
            label="Cancel rebuild",
            explanation="Gives the rebuild up and removes its tables; those that serve stay as they are.",
            dangerous=True,
        ),
    )
}
"""By verb."""
