"""Verbs on rebuilds: begun, let in, taken back, cleared away or given up, each under the projection's rebuild lock."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from msgspec import Struct
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from kit.actions import Operator
from projections.definition.projection import Projection
from projections.engine import checkpoints, left_behind
from projections.exceptions import RebuildRefused
from projections.models import Place, ProjectionRebuild
from projections.rebuilding import records, tables
from projections.rebuilding.filling import divide
from projections.rebuilding.records import State
from projections.rebuilding.swapping import PATIENT_TIMEOUT
from projections.rebuilding.swapping import roll_back as swap_back


class HowToRebuild(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the tables take over by themselves."""

    swap: bool = True


def rebuild(projection: Projection, how: HowToRebuild, operator: Operator) -> str:
    """Make the tables that workers fill."""
    with _locked(projection):
        if records.open_rebuild(projection.name):
            raise RebuildRefused(projection.name, "a rebuild is under way; swap or cancel it")
        wanted = tables.tables_of(projection)
        if found := tables.obstacles(wanted):
            raise RebuildRefused(projection.name, "; ".join(found))
        checkpoints.current(projection)
        tables.make_shadow(tables.shadow_schema(projection.name), wanted)
        row = ProjectionRebuild.objects.create(
            projection=projection.name,
            version=projection.version,
            swaps=how.swap,
            started_by=operator.name,
            reason=operator.reason,
        )
        divide(projection, row)
    return "is filled anew beside the tables that serve"


def swap(projection: Projection, _: Struct, __: Operator) -> str:
    """Let the worker swap that finds the tables caught up."""
    with _locked(projection):
        row = _open(projection)
        row.swaps, row.retry_at = True, None
        row.save()
    return "has its new tables take over as soon as they have caught up"


def cancel(projection: Projection, _: Struct, __: Operator) -> str:
    """Remove the tables that are filled."""
    with _locked(projection):
        row = _open(projection)
        tables.drop_schema(tables.shadow_schema(projection.name))
        left_behind.forget(projection.name, Place.REBUILD)
        records.end(row, State.CANCELLED)
    return "keeps its tables; the rebuild is cancelled"


def roll_back(projection: Projection, _: Struct, __: Operator) -> str:
    """Let the previous tables serve."""
    with _locked(projection):
        row = _swapped(projection)
        if records.open_rebuild(projection.name):
            raise RebuildRefused(projection.name, "another rebuild is under way; cancel it first")
        swap_back(projection, row)
    return "is rolled back to its previous tables"


def drop(projection: Projection, _: Struct, __: Operator) -> str:
    """Remove the previous tables."""
    with _locked(projection):
        row = _swapped(projection)
        tables.drop_schema(tables.previous_schema(projection.name))
        left_behind.forget(projection.name, Place.PREVIOUS)
        records.end(row, State.DROPPED)
    return "has no previous tables any more"


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


@contextmanager
def _locked(projection: Projection) -> Iterator[None]:
    """Under the rebuild lock; what the database refuses is said in words that tell what can be done about it."""
    try:
        records.wait_at_most(PATIENT_TIMEOUT)
        records.lock(projection.name)
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
