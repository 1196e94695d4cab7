"""Counts by day and type: the group `analytics-service` counts every event that it sees."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from django.db import connection

from nova.services.analytics.service import SERVICE
from nova.services.analytics.sql.statements import statement
from nova.services.timestamps import utc
from outbox.api import EVERYTHING, ReceivedEvent, handles


@handles(EVERYTHING, group=SERVICE.name, name="analytics-counts", batch=True)
def count_events(events: Sequence[ReceivedEvent]) -> None:
    """Add the events to the counts, in one statement. The inbox sees to it that each is counted once."""
    counts: Counter[tuple[date, str]] = Counter((utc(event.timestamp).date(), event.event_type) for event in events)
    if not counts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            statement("count"),
            {
                "days": [day for day, _ in counts],
                "event_types": [event_type for _, event_type in counts],
                "counts": list(counts.values()),
            },
        )
