"""Freshness: as of when a materialised view is, what the last refresh ended with, and when the next one is due."""

from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone
from msgspec import Struct

from projections.definition.registry import projection_named
from projections.engine.lag import projection_lag
from projections.models import MaterialisedView
from projections.sql.statements import statement
from projections.views.definition import FullView, View
from projections.views.registry import registered_views
from projections.waiting.positions import seen_position


class ViewStatus(Struct, frozen=True, kw_only=True):
    """A materialised view as operators see it."""

    name: str
    kind: str
    """`full`, computed anew by a schedule, or `incremental`, kept by a projection."""
    age: float | None
    """Seconds by which it may be behind: since its last refresh began, or the lag of its projection; null where nobody
    has filled it."""
    refreshed_at: datetime | None
    """When the last refresh as a whole began: everything that was committed before is in it."""
    position: int | None
    """Of an incremental one: every event of the log up to here is in it."""
    projection: str | None
    """Of an incremental one: which projection keeps it."""
    interval: float | None
    """Of a full one: seconds from one refresh to the next."""
    seconds: float
    """How long the last refresh took."""
    is_asked_for: bool
    """Whether an operator has asked for a refresh that has not taken place yet."""
    error: str
    """What the last refresh has failed with; empty where it has not. The rows are those from before it."""
    attempts: int
    """How often it has failed in a row."""
    failed_at: datetime | None
    retry_at: datetime | None


def current(name: str) -> MaterialisedView:
    """What is kept of the view."""
    row, _ = MaterialisedView.objects.get_or_create(name=name)
    return row


def is_due(row: MaterialisedView, view: View, now: datetime) -> bool:
    """Whether the view is to be computed anew: by its schedule, or because an operator asks; after a failure, later."""
    if row.retry_at is not None and now < row.retry_at:
        return False
    if row.is_asked_for or row.attempts:
        return True
    if not isinstance(view, FullView):
        return False
    # One that takes long leaves the database half of the time to others.
    pause = max(view.interval, 2 * row.seconds)
    return row.refreshed_at is None or now - row.refreshed_at >= timedelta(seconds=pause)


def due_views() -> list[View]:
    """The views that are to be computed anew."""
    rows, now = MaterialisedView.objects.in_bulk(), timezone.now()
    return [view for view in registered_views() if is_due(rows.get(view.name) or MaterialisedView(), view, now)]


def as_of(name: str, *, using: str = "default") -> datetime | None:
    """All that was committed before is in the full view; None where nobody has filled it.

    Ask it before the view, which is as of then, or later.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(statement("view_as_of"), {"name": name})
        row = cursor.fetchone()
    return row[0] if row else None


def view_statuses() -> list[ViewStatus]:
    """All registered views, those included that nobody has filled."""
    rows = MaterialisedView.objects.in_bulk()
    return [view_status(view, rows.get(view.name)) for view in registered_views()]


def view_status(view: View, row: MaterialisedView | None) -> ViewStatus:
    """One view, with or without what is kept of it."""
    found = row or MaterialisedView(name=view.name)
    age = None if found.refreshed_at is None else (timezone.now() - found.refreshed_at).total_seconds()
    kind, position, projection, interval = "full", None, None, None
    if isinstance(view, FullView):
        interval = view.interval
    else:
        kind, projection, position = "incremental", view.projection, seen_position(view.projection)
        age = projection_lag(projection_named(view.projection), position).seconds
    return ViewStatus(
        name=view.name,
        kind=kind,
        age=age,
        refreshed_at=found.refreshed_at,
        position=position,
        projection=projection,
        interval=interval,
        seconds=found.seconds,
        is_asked_for=found.is_asked_for,
        error=found.error,
        attempts=found.attempts,
        failed_at=found.failed_at,
        retry_at=found.retry_at,
    )
