"""Swap: the filled tables take the place of those that serve, in one short transaction, and back if need be.

Readers wait for it no longer than `NOVA_PROJECTION_SWAP_TIMEOUT`: where one of them holds a table for longer, the swap
lets go of everything and is tried again after a pause. What waits meanwhile finds the new tables, full.

It has more than 200 lines because both ways, and what both must heed, stand here.
"""

from datetime import timedelta

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from events.api import read_log
from kit.query_cache.tags import invalidate_after_commit
from outbox.api import is_outage
from projections.conf import projections_conf
from projections.definition.projection import Projection
from projections.definition.registry import policy_of
from projections.engine import ahead, checkpoints, left_behind
from projections.engine.applying import take_effect
from projections.engine.partitions import Extent, extent, partitions
from projections.exceptions import RebuildRefused
from projections.models import Place, ProjectionCheckpoint, ProjectionRebuild
from projections.rebuilding import records, tables
from projections.rebuilding.pages import apply_ahead, apply_page
from projections.rebuilding.records import State

log = structlog.get_logger(__name__)

# Milliseconds for locks that keep no reader waiting, such as the projection's own, which a pass under way has.
PATIENT_TIMEOUT = 5_000
# Seconds until a swap is tried again that readers were in the way of.
RETRY_INTERVAL = 1.0
# More than that is caught up with before anything is locked.
MAX_LAST_PAGES = 5


class NotYet(Exception):
    """The tables cannot take over at this moment, and nothing is wrong."""


def try_swap(projection: Projection) -> bool:
    """Let the rebuild's tables serve, if they are to, have caught up and can be had; whether they do now."""
    try:
        with transaction.atomic():
            return _swap(projection)
    except NotYet:
        return False
    except RebuildRefused as error:
        _put_off(projection, str(error))
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        who = tables.holders(tables.tables_of(projection)) or "gone by now"
        _put_off(projection, f"the swap waits for whoever uses the tables: {who}", pause=RETRY_INTERVAL)
    return False


def roll_back(projection: Projection, row: ProjectionRebuild) -> None:
    """Let the previous tables serve again, from where they were; the engine brings them up to date. The others go.

    For whoever holds the rebuild lock, in a transaction. Raises `RebuildRefused` where the tables cannot be had.
    """
    name, wanted = projection.name, tables.tables_of(projection)
    previous, shadow = tables.previous_schema(name), tables.shadow_schema(name)
    _require_alike(projection, previous, wanted)
    try:
        _take_projection(projection)
        had_effects = max(extent(checkpoints.current(projection)).lowest, ahead.last(name))
        left_behind.change_places(name, coming=Place.PREVIOUS, leaving=Place.REBUILD)
        _bound_waits(len(wanted))
        tables.exchange(coming=previous, leaving=shadow, tables=wanted)
        invalidate_after_commit(*projection.cache_tags)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise RebuildRefused(name, "somebody uses its tables; try again, or end who does") from error
    tables.drop_schema(shadow)
    tables.drop_schema(previous)
    left_behind.forget(name, Place.REBUILD)
    _set_checkpoint(projection, version=row.previous_version or 0, position=row.previous_position or 0)
    ProjectionCheckpoint.objects.filter(name=name, effects_until__lt=had_effects).update(effects_until=had_effects)
    records.end(row, State.ROLLED_BACK)


def _swap(projection: Projection) -> bool:
    if not records.try_lock(projection.name):
        return False
    row = _ready(projection)
    if row is None:
        return False
    wanted = tables.tables_of(projection)
    shadow, previous = tables.shadow_schema(projection.name), tables.previous_schema(projection.name)
    _take_projection(projection)
    before = checkpoints.current(projection)
    served = extent(before)
    # From here on the tables that serve stand still, so these have all that any reader has seen.
    _apply_the_rest(projection, row, before)
    if found := tables.obstacles(wanted):
        raise RebuildRefused(projection.name, "; ".join(found))
    _require_alike(projection, shadow, wanted)
    _forget_older(projection.name)
    _have_effects(projection, before, served, row)
    left_behind.change_places(projection.name, coming=Place.REBUILD, leaving=Place.PREVIOUS)
    _bound_waits(len(wanted))
    tables.exchange(coming=shadow, leaving=previous, tables=wanted)
    invalidate_after_commit(*projection.cache_tags)
    tables.drop_schema(shadow)
    row.state, row.swapped_at = State.SWAPPED, timezone.now()
    row.previous_version, row.previous_position = before.version, served.lowest
    row.attempts, row.error, row.retry_at = 0, "", None
    row.save()
    _set_checkpoint(projection, version=row.version, position=row.position)
    log.info("rebuild_swapped", projection=projection.name, rebuild=row.pk, events=row.events)
    return True


def _ready(projection: Projection) -> ProjectionRebuild | None:
    """The rebuild that is to take over now."""
    row = records.open_rebuild(projection.name)
    if row is None or row.state != State.CAUGHT_UP or not row.swaps or row.version != projection.version:
        return None
    is_due = row.retry_at is None or row.retry_at <= timezone.now()
    return row if is_due else None


def _take_projection(projection: Projection) -> None:
    # Appends that the projection follows inline wait behind whoever waits for it.
    is_inline = checkpoints.current(projection).is_inline
    records.wait_at_most(_swap_timeout() if is_inline else PATIENT_TIMEOUT)
    checkpoints.lock(projection.name)


def _bound_waits(number_of_tables: int) -> None:
    """Let what readers wait for, all tables together, end within the setting's time."""
    records.wait_at_most(max(1, _swap_timeout() // max(1, number_of_tables)))


def _swap_timeout() -> int:
    """In milliseconds."""
    return round(projections_conf().swap_timeout * 1000)


def _apply_the_rest(projection: Projection, row: ProjectionRebuild, before: ProjectionCheckpoint) -> None:
    """Raises `NotYet` where that is too much for this moment; an event that cannot be applied is the next pass's."""
    try:
        for _ in range(MAX_LAST_PAGES):
            if not apply_page(projection, row, projections_conf().rebuild_batch_size):
                # Older code has not applied the events of all types that this one handles, which come first.
                if before.is_inline and before.version == row.version:
                    apply_ahead(projection, row)
                return
    except Exception as error:
        if is_outage(error):
            raise
        raise NotYet from error
    raise NotYet


def _have_effects(projection: Projection, before: ProjectionCheckpoint, served: Extent, row: ProjectionRebuild) -> None:
    """Let the events have their effects that only these tables have: what served before may have stood still."""
    position, without = served.lowest, left_behind.left_behind(projection.name, Place.REBUILD)
    had = ahead.positions(projection.name, until=row.position) if before.is_inline else set()
    while position < row.position:
        page = read_log(position, projections_conf().rebuild_batch_size, projection.event_types)
        events = [
            event
            for event in page.events
            if event.position <= row.position
            and not served.has(event)
            and event.position not in had
            and not without.has(event)
        ]
        try:
            with tables.preferring(tables.shadow_schema(projection.name)):
                take_effect(projection, before, events)
        except Exception as error:
            if is_outage(error):
                raise
            raise RebuildRefused(projection.name, f"on_applied failed: {type(error).__name__}: {error}") from error
        position = page.position


def _require_alike(projection: Projection, schema: str, wanted: list[str]) -> None:
    if different := tables.differences(schema, wanted):
        raise RebuildRefused(
            projection.name, f"its tables were altered since the others were made ({different[0]}); rebuild it anew"
        )


def _forget_older(name: str) -> None:
    """What served before the last swap gives way to what served until this one."""
    tables.drop_schema(tables.previous_schema(name))
    if (older := records.swapped_rebuild(name)) is not None:
        records.end(older, State.DROPPED)


def _set_checkpoint(projection: Projection, *, version: int, position: int) -> None:
    """The tables are filled up to there, by that version. A failure is forgotten; an operator's pause stays."""
    checkpoints.recover(checkpoints.current(projection))
    # Those of these tables, which have come with them.
    parts = len(partitions(projection.name)) or 1
    ProjectionCheckpoint.objects.filter(name=projection.name).update(
        version=version, position=position, partitions=parts, updated_at=timezone.now()
    )


def _put_off(projection: Projection, why: str, *, pause: float | None = None) -> None:
    """Keep what is in the way of the swap, and when it is tried again: after growing pauses, unless one is given."""
    with transaction.atomic():
        row = records.open_rebuild(projection.name) if records.try_lock(projection.name) else None
        if row is None:
            return
        row.attempts += 1
        row.error = why[: checkpoints.MAX_ERROR]
        pause = policy_of(projection).retry_delay(row.attempts) if pause is None else pause
        row.retry_at = timezone.now() + timedelta(seconds=pause)
        row.save()
    log.warning("swap_put_off", projection=projection.name, rebuild=row.pk, attempts=row.attempts)
