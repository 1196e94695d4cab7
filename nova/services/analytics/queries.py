"""Queries of analytics: how many events there were, day by day and in all."""

from datetime import date

from django.db.models import Sum
from msgspec import Struct

from kit.exceptions import InvalidParameter
from nova.services.analytics.models import DailyEventCount
from projections.api import Page, check_limit, check_text, from_cursor, page_of


class DailyCount(Struct, frozen=True, kw_only=True):
    """Events of one type on one day (UTC)."""

    day: date
    event_type: str
    count: int


class CountKey(Struct, frozen=True, array_like=True):
    """Where a page of counts begins."""

    day: date
    event_type: str


def daily_counts(
    *,
    first: date | None = None,
    last: date | None = None,
    after: str | None = None,
    limit: int = 200,
    using: str = "default",
) -> Page[DailyCount]:
    """A page of counts from the first day to the last, both included, by day and type. Raises `InvalidParameter`."""
    check_limit(limit)
    if first and last and first > last:
        raise InvalidParameter("from", "must not lie after `to`")
    counts = DailyEventCount.objects.using(using).order_by("day", "event_type")
    if first:
        counts = counts.filter(day__gte=first)
    if last:
        counts = counts.filter(day__lte=last)
    if after is not None:
        key = from_cursor(after, CountKey, parameter="after")
        check_text(key.event_type, parameter="after")
        counts = counts.filter(pk__gt=(key.day, key.event_type))
    found = [DailyCount(day=row.day, event_type=row.event_type, count=row.count) for row in counts[: limit + 1]]
    return page_of(found, limit=limit, key=lambda row: CountKey(row.day, row.event_type))


def totals(*, using: str = "default") -> dict[str, int]:
    """All events ever seen, by type."""
    counts = DailyEventCount.objects.using(using)
    rows = counts.values_list("event_type").annotate(Sum("count")).order_by("event_type")
    return {event_type: int(total) for event_type, total in rows}
