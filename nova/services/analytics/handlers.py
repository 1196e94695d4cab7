"""Counts by hour, by day and type: the group `analytics-service` counts every event that it sees."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

from nova.services.analytics.service import SERVICE
from nova.services.analytics.sql.statements import statement
from nova.services.timestamps import utc
from outbox.api import EVERYTHING, ReceivedEvent, handles


@handles(EVERYTHING, group=SERVICE.name, name="analytics-counts", batch=True)
def count_events(events: Sequence[ReceivedEvent]) -> None:
    """Add the events to the counts, a statement for each table. The inbox sees to it that each is counted once."""
    if not events:
        return
    hours: Counter[tuple[datetime, str]] = Counter((hour_of(event), event.event_type) for event in events)
    days: Counter[tuple[date, str]] = Counter()
    for (hour, event_type), count in hours.items():
        days[hour.date(), event_type] += count
    # Days first: who has a day and type has all of its hours, so that nobody waits crosswise for those.
    _add("count", "days", days)
    _add("count_hours", "hours", hours)


def hour_of(event: ReceivedEvent) -> datetime:
    """When the hour began, in UTC, in which the event happened."""
    return utc(event.timestamp).replace(minute=0, second=0, microsecond=0)


def _add(name: str, periods: str, counts: "Counter[tuple[datetime, str]] | Counter[tuple[date, str]]") -> None:
    starts, event_types = zip(*counts, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            statement(name),
            {periods: list(starts), "event_types": list(event_types), "counts": list(counts.values())},
        )
