"""Filling: the log becomes rows of a rebuild's tables, while those that serve go on as they are.

One pass is one transaction, as the engine's is: a page of the log, the projection's unchanged code, and how far the
rebuild has come. Whoever is killed leaves nothing behind but what was committed, from where anybody goes on. No effect
beside the projection's own tables takes place: `on_applied` is not called, and a pass that has written to any other
table is undone.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.db import connection, transaction
from django.utils import timezone

from events.api import read_log
from events.envelope import RecordedEvent, StreamId
from outbox.api import is_outage
from projections.definition.projection import Projection
from projections.engine import ahead
from projections.engine.left_behind import parked_streams
from projections.exceptions import StrayWrites
from projections.models import Place, ProjectionRebuild
from projections.rebuilding import records, tables
from projections.rebuilding.failures import goes_on_without, hold
from projections.rebuilding.records import State


class Filled(StrEnum):
    """What became of a pass."""

    MORE = "more"
    """The log holds more that can be read at once."""
    CAUGHT_UP = "caught_up"
    """Nothing is left to apply at this moment."""
    NOTHING = "nothing"
    """There is no rebuild, another worker is at it, its time has not come, or it is of another version of the code."""
    FAILED = "failed"
    """Something could not be applied; the rebuild says what, and when it is tried again."""


class FillFailed(Exception):
    """A page could not be applied as a whole."""


def fill(projection: Projection, *, limit: int) -> Filled:
    """Apply at most `limit` events to the tables of the projection's rebuild.

    Raises only when the database is not there. When the last page is in, the indexes are made that have waited.
    """
    try:
        with transaction.atomic():
            return _fill(projection, limit, one_by_one=False)
    except FillFailed:
        with transaction.atomic():
            return _fill(projection, limit, one_by_one=True)


def apply_page(projection: Projection, row: ProjectionRebuild, limit: int) -> bool:
    """Apply a page to the rebuild's tables, and keep in the row how far that is; whether more can be read at once.

    For whoever holds the rebuild lock, in a transaction. Raises what the projection raises.
    """
    began = time.monotonic()
    page = read_log(row.position, limit, projection.event_types)
    parked = _parked(row)
    if events := [event for event in page.events if event.stream not in parked] if parked else page.events:
        with _filling(projection):
            projection.apply_batch(events)
    _moved(row, page.position, len(events), began)
    row.target = page.safe_position
    return page.position < page.safe_position


def apply_ahead(projection: Projection, row: ProjectionRebuild) -> None:
    """Apply to the rebuild's tables, which have the rest, what appends have applied inline to those that serve.

    For whoever holds the projection's lock and the rebuild lock, in a transaction. Raises what the projection raises.
    """
    parked = _parked(row)
    events = [event for event in ahead.beyond(row.projection, row.position) if event.stream not in parked]
    if events:
        with _filling(projection):
            projection.apply_batch(events)
        ahead.note(row.projection, events, Place.REBUILD)


def _fill(projection: Projection, limit: int, *, one_by_one: bool) -> Filled:
    row = _due(projection)
    if row is None:
        return Filled.NOTHING
    # A crash of the server may take the last passes with it, whole; the swap's own commit puts them all on disk.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    if one_by_one:
        more = _apply_one_by_one(projection, row, limit)
        if more is None:
            return Filled.FAILED
    else:
        try:
            more = apply_page(projection, row, limit)
            _finish(projection, row, more=more)
        except Exception as error:
            if is_outage(error):
                raise
            raise FillFailed from error
    if row.state == State.FAILED:
        row.attempts, row.failed_position, row.error, row.retry_at = 0, None, "", None
    row.state = State.CAUGHT_UP if row.has_indexes else State.FILLING
    row.save()
    return Filled.MORE if more else Filled.CAUGHT_UP


def _finish(projection: Projection, row: ProjectionRebuild, *, more: bool) -> None:
    """Make the indexes that have waited for the rows, once all of those are there."""
    if not more and not row.has_indexes:
        tables.finish_shadow(tables.shadow_schema(projection.name), tables.tables_of(projection))
        row.has_indexes = True


def _due(projection: Projection) -> ProjectionRebuild | None:
    """The projection's rebuild, locked, if it is this code's turn to go on with it."""
    if not records.try_lock(projection.name):
        return None
    row = records.open_rebuild(projection.name)
    if row is None or row.version != projection.version:
        return None
    if row.state == State.FAILED and row.retry_at is not None and row.retry_at > timezone.now():
        return None
    return row


def _apply_one_by_one(projection: Projection, row: ProjectionRebuild, limit: int) -> bool | None:
    """As `apply_page`, but for events that the policy leaves behind; up to one that it waits for, or until something
    else is wrong: None then.
    """
    began, done, parked = time.monotonic(), 0, _parked(row)
    event: RecordedEvent | None = None
    try:
        with transaction.atomic():
            page = read_log(row.position, limit, projection.event_types)
            more = page.position < page.safe_position
        for event in page.events:
            if event.stream in parked:
                continue
            try:
                with transaction.atomic(), _filling(projection):
                    projection.apply_batch([event])
                done += 1
            except Exception as error:
                if is_outage(error) or not goes_on_without(projection, row, event, error, parked):
                    raise
        event = None
        _moved(row, page.position, done, began)
        row.target = page.safe_position
        with transaction.atomic():
            _finish(projection, row, more=more)
    except Exception as error:
        if is_outage(error):
            raise
        if event is not None:
            _moved(row, event.position - 1, done, began)
        hold(projection, row, error, event)
        return None
    return more


def _parked(row: ProjectionRebuild) -> set[StreamId]:
    return parked_streams(row.projection, Place.REBUILD) if row.parked else set()


def _moved(row: ProjectionRebuild, position: int, events: int, began: float) -> None:
    row.position = position
    row.events += events
    row.seconds += time.monotonic() - began
    row.heartbeat = timezone.now()


@contextmanager
def _filling(projection: Projection) -> Iterator[None]:
    """Within it, statements mean the rebuild's tables. Raises `StrayWrites` where others were written to."""
    schema = tables.shadow_schema(projection.name)
    before = tables.rows_written_outside(schema)
    with tables.preferring(schema):
        yield
    after = tables.rows_written_outside(schema)
    if stray := sorted(name for name, rows in after.items() if rows > before.get(name, 0)):
        raise StrayWrites(projection.name, stray)
