"""Page of a rebuild: a part of the log becomes rows of its tables, by the projection's unchanged code.

No effect beside the projection's own tables takes place: `on_applied` is not called, and what has written to any other
table is undone. For whoever holds the rebuild lock, and that of the partition where several share the log.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from events.api import LogPartition, read_log
from events.envelope import LogPage, RecordedEvent, StreamId
from outbox.api import is_outage
from projections.definition.projection import Projection
from projections.engine import ahead
from projections.engine.left_behind import parked_streams
from projections.exceptions import StrayWrites
from projections.models import Place, ProjectionPartition, ProjectionRebuild
from projections.rebuilding import tables
from projections.rebuilding.failures import goes_on_without, hold


def apply_page(projection: Projection, row: ProjectionRebuild, limit: int) -> bool:
    """Apply a page to the rebuild's tables, and keep in the row how far that is; whether more can be read at once.

    For whoever holds the rebuild lock, in a transaction. Raises what the projection raises.
    """
    began = time.monotonic()
    page = read_log(row.position, limit, projection.event_types)
    parked = parked_in(row)
    if events := [event for event in page.events if event.stream not in parked] if parked else page.events:
        with filling(projection):
            projection.apply_batch(events)
    _moved(row, None, page.position, len(events), began)
    row.target = page.safe_position
    return page.position < page.safe_position


def apply_ahead(projection: Projection, row: ProjectionRebuild) -> None:
    """Apply to the rebuild's tables, which have the rest, what appends have applied inline to those that serve.

    For whoever holds the projection's lock and the rebuild lock, in a transaction. Raises what the projection raises.
    """
    parked = parked_in(row)
    events = [event for event in ahead.beyond(row.projection, row.position) if event.stream not in parked]
    if events:
        with filling(projection):
            projection.apply_batch(events)
        ahead.note(row.projection, events, Place.REBUILD)


def apply_one_by_one(
    projection: Projection, row: ProjectionRebuild, share: ProjectionPartition | None, limit: int
) -> bool | None:
    """As `apply_page`, but for events that the policy leaves behind; up to one that it waits for, or until something
    else is wrong: None then.
    """
    began, done, parked = time.monotonic(), 0, parked_in(row)
    event: RecordedEvent | None = None
    try:
        with transaction.atomic():
            page = read_page(projection, row, share, limit)
            more = page.position < page.safe_position or share is not None
        for event in page.events:
            if event.stream in parked:
                continue
            try:
                with transaction.atomic(), filling(projection):
                    projection.apply_batch([event])
                done += 1
            except Exception as error:
                if is_outage(error) or not goes_on_without(projection, row, event, error, parked):
                    raise
        event = None
        _moved(row, share, page.position, done, began)
        if share is None:
            row.target = page.safe_position
        with transaction.atomic():
            finish(projection, row, more=more)
    except Exception as error:
        if is_outage(error):
            raise
        if event is not None:
            _moved(row, share, event.position - 1, done, began)
        hold(projection, row, error, event)
        return None
    return more


def finish(projection: Projection, row: ProjectionRebuild, *, more: bool) -> None:
    """Make the indexes that have waited for the rows, once all of those are there."""
    if not more and not row.has_indexes:
        tables.finish_shadow(tables.shadow_schema(projection.name), tables.tables_of(projection))
        row.has_indexes = True


def read_page(projection: Projection, row: ProjectionRebuild, share: ProjectionPartition | None, limit: int) -> LogPage:
    """The next page of the log, or of a partition of it up to the target."""
    if share is None:
        return read_log(row.position, limit, projection.event_types)
    partition = LogPartition(number=share.number, of=row.partitions)
    return read_log(share.position, limit, projection.event_types, partition=partition, safe_position=row.target)


def parked_in(row: ProjectionRebuild) -> set[StreamId]:
    """The aggregates that its tables are without."""
    return parked_streams(row.projection, Place.REBUILD) if row.parked else set()


def _moved(row: ProjectionRebuild, share: ProjectionPartition | None, position: int, events: int, began: float) -> None:
    if share is None:
        row.position = position
    else:
        share.position = position
        share.save(update_fields=["position", "updated_at"])
    row.events += events
    row.seconds += time.monotonic() - began
    row.heartbeat = timezone.now()


@contextmanager
def filling(projection: Projection) -> Iterator[None]:
    """Within it, statements mean the rebuild's tables. Raises `StrayWrites` where others were written to."""
    schema = tables.shadow_schema(projection.name)
    before = tables.rows_written_outside(schema)
    with tables.preferring(schema):
        yield
    after = tables.rows_written_outside(schema)
    if stray := sorted(name for name, rows in after.items() if rows > before.get(name, 0)):
        raise StrayWrites(projection.name, stray)
