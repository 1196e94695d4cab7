"""Refresh: a materialised view is computed anew, while everybody reads what it was until that is committed.

One transaction takes the view's lock, computes, and keeps as of when it is: whoever is killed changes nothing, and two
never refresh one view at once. A refresh that fails leaves the rows as they are, is kept with its error, and is tried
again after growing pauses.
"""

from datetime import timedelta
from enum import StrEnum

import structlog
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from kit.pacing.retry import RetryPolicy
from kit.query_cache.tags import invalidate_after_commit
from outbox.api import is_outage
from projections.definition.registry import projection_named
from projections.engine import checkpoints
from projections.sql.statements import statement
from projections.views import records
from projections.views.definition import FullView, View

log = structlog.get_logger(__name__)

LOCK_NAMESPACE = int.from_bytes(b"view")
RETRY = RetryPolicy(limit=0, base=2.0, cap=300.0)
# Milliseconds for a lock that keeps no reader waiting, such as one that cleans the view up has.
LOCK_TIMEOUT = 5_000


class Refresh(StrEnum):
    """What became of a refresh."""

    DONE = "done"
    BUSY = "busy"
    """Another one is at it."""
    NOT_DUE = "not due"
    FAILED = "failed"
    """The view is as it was; the error is kept."""


def refresh(view: View, *, only_if_due: bool = False) -> Refresh:
    """Compute the view anew. Raises only when the database is not there, not for what is wrong with the view."""
    try:
        with transaction.atomic():
            return _refresh(view, only_if_due=only_if_due)
    except Exception as error:
        if is_outage(error):
            raise
        _keep_failure(view, error)
        return Refresh.FAILED


def _refresh(view: View, *, only_if_due: bool) -> Refresh:
    if not _try_lock(view.name):
        return Refresh.BUSY
    # In a statement after the lock, so that it sees what whoever had it before has kept.
    row, began = records.current(view.name), timezone.now()
    if only_if_due and not records.is_due(row, view, began):
        return Refresh.NOT_DUE
    if isinstance(view, FullView):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(LOCK_TIMEOUT)])
            text = sql.SQL(statement("refresh_view")).format(view=sql.Identifier(view.name))
            cursor.execute(text.as_string(cursor.connection))
        tags = view.cache_tags
    else:
        checkpoints.lock(view.projection)
        view.recompute(None)
        tags = projection_named(view.projection).cache_tags
    invalidate_after_commit(*tags)
    row.refreshed_at, row.seconds = began, (timezone.now() - began).total_seconds()
    row.is_asked_for, row.error, row.attempts, row.failed_at, row.retry_at = False, "", 0, None, None
    row.save()
    return Refresh.DONE


def _keep_failure(view: View, error: Exception) -> None:
    with transaction.atomic():
        row, now = records.current(view.name), timezone.now()
        row.error, row.failed_at, row.attempts = checkpoints.error_text(error), now, row.attempts + 1
        row.retry_at = now + timedelta(seconds=RETRY.delay(row.attempts, chance=1.0))
        row.save(update_fields=["error", "failed_at", "attempts", "retry_at"])
    log.error("view_refresh_failed", view=view.name, attempts=row.attempts, error=row.error)


def _try_lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement("try_lock"), {"namespace": LOCK_NAMESPACE, "name": name})
        return bool(cursor.fetchone()[0])
