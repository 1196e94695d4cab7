"""Filling: the log becomes rows of a rebuild's tables, while those that serve go on as they are.

One pass is one transaction, as the engine's is: a page of the log, the projection's unchanged code, and how far the
rebuild has come. Whoever is killed leaves nothing behind but what was committed, from where anybody goes on. Where
several workers fill at once, each pass is of one partition of the log, up to where that was when the rebuild began;
when all are there, one goes on alone.
"""

import time
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from events.api import safe_position
from outbox.api import is_outage
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine.partitions import partitions
from projections.models import Place, ProjectionPartition, ProjectionRebuild
from projections.rebuilding import records
from projections.rebuilding.pages import apply_one_by_one, apply_page, filling, finish, parked_in, read_page
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
    """A page could not be applied as a whole; `share` is the number of the partition, where there are several."""

    def __init__(self, share: int | None) -> None:
        super().__init__()
        self.share = share


def divide(projection: Projection, row: ProjectionRebuild) -> None:
    """Let as many workers fill a new rebuild's tables as the policy says, each a partition of the log as it is now.

    When all are done, one goes on alone.
    """
    if (workers := policy_of(projection).workers) == 1:
        return
    row.partitions, row.target = workers, safe_position()
    row.save()
    ProjectionPartition.objects.bulk_create(
        ProjectionPartition(projection=row.projection, place=Place.REBUILD, number=number) for number in range(workers)
    )


def fill(projection: Projection, *, limit: int) -> Filled:
    """Apply at most `limit` events to the tables of the projection's rebuild.

    Raises only when the database is not there. When the last page is in, the indexes are made that have waited.
    """
    try:
        with transaction.atomic():
            return _fill(projection, limit)
    except FillFailed as failed:
        with transaction.atomic():
            return _fill(projection, limit, failed=failed)


def _fill(projection: Projection, limit: int, *, failed: FillFailed | None = None) -> Filled:
    row = _due(projection, is_alone=failed is not None)
    if row is None:
        return Filled.NOTHING
    # A crash of the server may take the last passes with it, whole; the swap's own commit puts them all on disk.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    if failed is not None:
        share = _share(row, failed.share)
        more = apply_one_by_one(projection, row, share, limit)
        if more is None:
            return Filled.FAILED
    elif row.partitions > 1:
        return _fill_share(projection, row, limit)
    else:
        try:
            more = apply_page(projection, row, limit)
            finish(projection, row, more=more)
        except Exception as error:
            if is_outage(error):
                raise
            raise FillFailed(None) from error
    if row.state == State.FAILED:
        row.attempts, row.failed_position, row.error, row.retry_at = 0, None, "", None
    row.state = State.CAUGHT_UP if row.has_indexes else State.FILLING
    row.save()
    return Filled.MORE if more else Filled.CAUGHT_UP


def _share(row: ProjectionRebuild, number: int | None) -> ProjectionPartition | None:
    found = None if number is None else partitions(row.projection, Place.REBUILD)[number : number + 1]
    return found[0] if found else None


def _fill_share(projection: Projection, row: ProjectionRebuild, limit: int) -> Filled:
    """Apply a page of a partition that nobody is at; when all have reached the target, let one go on alone."""
    name = projection.name
    shares = sorted(partitions(name, Place.REBUILD), key=lambda share: share.position)
    for share in shares:
        if share.position < row.target and records.try_pass(name, share.number):
            share.refresh_from_db()
            if share.position < row.target:
                _apply_share(projection, row, share, limit)
                return Filled.MORE
    # Whoever tries to have the lock alone may be in the way of those who are still at it.
    if any(share.position < row.target for share in shares) or not records.try_lock(name):
        return Filled.NOTHING
    # Looked at again, for it was not held alone until now.
    found, shares = records.open_rebuild(name), partitions(name, Place.REBUILD)
    if found is None or any(share.position < found.target for share in shares):
        return Filled.NOTHING
    found.partitions, found.position = 1, found.target
    found.save()
    ProjectionPartition.objects.filter(projection=name, place=Place.REBUILD).delete()
    return Filled.MORE


def _apply_share(projection: Projection, row: ProjectionRebuild, share: ProjectionPartition, limit: int) -> None:
    began, parked = time.monotonic(), parked_in(row)
    try:
        page = read_page(projection, row, share, limit)
        events = [event for event in page.events if event.stream not in parked]
        if events:
            with filling(projection):
                projection.apply_batch(events)
    except Exception as error:
        if is_outage(error):
            raise
        raise FillFailed(share.number) from error
    share.position = page.position
    share.save(update_fields=["position", "updated_at"])
    # What the rebuild waited before has gone through.
    positions = {event.position for event in page.events}
    is_mended = row.state == State.FAILED and (row.failed_position is None or row.failed_position in positions)
    mended = {"state": State.FILLING, "attempts": 0, "failed_position": None, "error": "", "retry_at": None}
    lowest = min(one.position for one in partitions(projection.name, Place.REBUILD))
    # Last of all, for others wait until the commit to do the same.
    ProjectionRebuild.objects.filter(pk=row.pk).update(
        events=F("events") + len(events),
        seconds=F("seconds") + time.monotonic() - began,
        position=Greatest(F("position"), lowest),
        heartbeat=timezone.now(),
        **(mended if is_mended else {}),
    )


def _due(projection: Projection, *, is_alone: bool) -> ProjectionRebuild | None:
    """The projection's rebuild, locked, if it is this code's turn to go on with it: shared where there are partitions,
    unless it is to be had alone.
    """
    name = projection.name
    if is_alone:
        # After those who are at a page of other partitions.
        records.lock(name)
    elif policy_of(projection).workers == 1:
        if not records.try_lock(name):
            return None
    elif not records.try_share(name):
        return None
    row = records.open_rebuild(name)
    if row is not None and row.partitions == 1 and policy_of(projection).workers > 1 and not is_alone:
        row = records.open_rebuild(name) if records.try_lock(name) else None
    if row is None or row.version != projection.version:
        return None
    if row.state == State.FAILED and row.retry_at is not None and row.retry_at > timezone.now():
        return None
    return row
