"""Retention: published rows stay to be browsed for some days, and are then removed in small steps."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Now

from outbox.models import ProcessHeartbeat
from outbox.sql.statements import statement

STRETCH = 5_000  # rows
HEARTBEAT_RETENTION = timedelta(hours=1)


def prune(cutoff: datetime) -> int:
    """Remove rows that were published or discarded before the cutoff; how many. Each step commits by itself."""
    removed, after, finished = 0, 0, False
    while not finished:
        with connection.cursor() as cursor:
            cursor.execute(statement("prune"), {"after": after, "limit": STRETCH, "cutoff": cutoff})
            after, finished, number = cursor.fetchone()
        removed += number
    return removed


def forget_dead_processes() -> None:
    """Remove heartbeats that are long out of date."""
    ProcessHeartbeat.objects.filter(seen_at__lt=Now() - HEARTBEAT_RETENTION).delete()
