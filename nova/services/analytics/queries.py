"""Queries of analytics: how many events there were, by day, by hour and in all, and who did most."""

from datetime import date, datetime

from django.db import connections
from django.db.models import Q, Sum
from msgspec import Struct

from kit.exceptions import InvalidParameter
from nova.services.analytics.models import DailyEventCount, HourlyEventCount, UserActivity
from nova.services.analytics.sql.statements import statement
from nova.services.field_types import Timestamp
from nova.services.timestamps import utc
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


class HourlyCount(Struct, frozen=True, kw_only=True):
    """Events of one type in one hour."""

    hour: datetime
    """When it began (UTC)."""
    event_type: str
    count: int


class HourKey(Struct, frozen=True, array_like=True):
    """Where a page of hours begins."""

    hour: Timestamp
    event_type: str


def hourly_counts(
    *,
    event_type: str | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    after: str | None = None,
    limit: int = 200,
    using: str = "default",
) -> Page[HourlyCount]:
    """A page of counts by hour and type: of one type, of hours that begin from `first` to before `last`.

    Raises `InvalidParameter`.
    """
    check_limit(limit)
    if first and last and first > last:
        raise InvalidParameter("from", "must not lie after `to`")
    counts = HourlyEventCount.objects.using(using).order_by("hour", "event_type")
    if event_type is not None:
        check_text(event_type, parameter="type")
        counts = counts.filter(event_type=event_type)
    if first:
        counts = counts.filter(hour__gte=first)
    if last:
        counts = counts.filter(hour__lt=last)
    if after is not None:
        key = from_cursor(after, HourKey, parameter="after")
        check_text(key.event_type, parameter="after")
        counts = counts.filter(pk__gt=(utc(key.hour), key.event_type))
    found = [HourlyCount(hour=row.hour, event_type=row.event_type, count=row.count) for row in counts[: limit + 1]]
    return page_of(found, limit=limit, key=lambda row: HourKey(row.hour, row.event_type))


class LeadingCount(Struct, frozen=True, kw_only=True):
    """Events of one type in one hour, or of all types together that do not lead."""

    hour: datetime
    event_type: str | None
    """None for those that do not lead."""
    count: int


def leading_counts(*, first: datetime, last: datetime, most: int, using: str = "default") -> list[LeadingCount]:
    """Counts by hour of the types that there were `most` of, and of all others together.

    Of hours that begin from `first` to before `last`; hours without an event are left out.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(statement("leading_counts"), {"first": first, "last": last, "most": most})
        return [LeadingCount(hour=hour, event_type=name, count=count) for hour, name, count in cursor.fetchall()]


class DailyTotal(Struct, frozen=True, kw_only=True):
    """All events of one day (UTC)."""

    day: date
    events: int
    event_types: int
    """How many types they were of."""


class Activity(Struct, frozen=True, kw_only=True):
    """What a user has done in all: posts, comments, likes, shares and follows."""

    user_id: str
    events: int
    active_days: int
    """On how many days (UTC) that was."""
    first_day: date
    last_day: date


class ActivityKey(Struct, frozen=True, array_like=True):
    """Where a page of users begins."""

    events: int
    user_id: str


def daily_totals(*, after: str | None = None, limit: int = 50, using: str = "default") -> Page[DailyTotal]:
    """A page of days, the newest first, as of the last refresh of the materialised view. Raises `InvalidParameter`."""
    check_limit(limit)
    before = None if after is None else from_cursor(after, date, parameter="after")
    with connections[using].cursor() as cursor:
        cursor.execute(statement("daily_totals"), {"before": before, "max_count": limit + 1})
        found = [DailyTotal(day=day, events=events, event_types=types) for day, events, types in cursor.fetchall()]
    return page_of(found, limit=limit, key=lambda total: total.day)


def most_active(*, after: str | None = None, limit: int = 50, using: str = "default") -> Page[Activity]:
    """A page of users, those first who have done most. Raises `InvalidParameter`."""
    check_limit(limit)
    users = UserActivity.objects.using(using).order_by("-events", "user_id")
    if after is not None:
        key = from_cursor(after, ActivityKey, parameter="after")
        check_text(key.user_id, parameter="after")
        users = users.filter(Q(events__lt=key.events) | Q(events=key.events, user_id__gt=key.user_id))
    rows = users.values(*Activity.__struct_fields__)[: limit + 1]
    return page_of(
        [Activity(**row) for row in rows], limit=limit, key=lambda user: ActivityKey(user.events, user.user_id)
    )
