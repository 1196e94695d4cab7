"""Analytics over HTTP: counts of events by day and type, by hour and type, by day alone, and who did most."""

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.description.answer_headers import as_of_header, preference_applied_header, seen_position_header
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Text, Timestamp
from kit.rest.replicas import Cached
from nova.services.analytics.materialised_views import DAILY_TOTALS
from nova.services.analytics.queries import (
    Activity,
    DailyCount,
    DailyTotal,
    HourlyCount,
    daily_counts,
    daily_totals,
    hourly_counts,
    most_active,
    totals,
)
from projections.api import Page
from projections.rest.materialised_views import FullViewView
from projections.rest.parameters import Paged
from projections.rest.read_models import ReadModelView

READ = {"GET": "read-models:read"}


class CountsQuery(Paged, frozen=True, kw_only=True):
    """Counts of which days."""

    first: Annotated[date | None, Meta(description="First day (UTC), like 2025-01-31")] = field(
        name="from", default=None
    )
    last: Annotated[date | None, Meta(description="Last day (UTC)")] = field(name="to", default=None)


class Counts(Struct, frozen=True, kw_only=True):
    """Counts by day, and the totals of all days by type."""

    items: list[DailyCount]
    next: str | None
    totals: dict[str, int]


class EventCountsView(ReadModelView):
    """Analytics."""

    read_model = "analytics-counts"
    required_scopes: ClassVar = READ

    @described(
        operation_id="count_events",
        summary="Count events by day and type",
        query=CountsQuery,
        headers=(PREFER,),
        answer=Counts,
        answer_headers=(preference_applied_header(200),),
    )
    def get(self, request: Request) -> Response:
        """A page of counts by day and type, and the totals of all days."""
        query = CountsQuery.of(request)
        return Response(self.answer(request, lambda source: _counts(query, source.alias)))


def _counts(query: CountsQuery, using: str) -> Counts:
    page = daily_counts(first=query.first, last=query.last, after=query.after, limit=query.limit, using=using)
    return Counts(items=page.items, next=page.next, totals=totals(using=using))


class HoursQuery(Paged, frozen=True, kw_only=True):
    """Counts of which hours."""

    event_type: Annotated[Text | None, Meta(description="Events of this type alone")] = field(name="type", default=None)
    first: Annotated[Timestamp | None, Meta(description="Hours that begin then or later")] = field(
        name="from", default=None
    )
    last: Annotated[Timestamp | None, Meta(description="Hours that begin before")] = field(name="to", default=None)


class HourlyCountsView(ReadModelView):
    """Events by hour."""

    read_model = "analytics-counts"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_hourly_counts",
        summary="Count events by hour and type",
        query=HoursQuery,
        headers=(PREFER,),
        answer=Page[HourlyCount],
        answer_headers=(preference_applied_header(200),),
    )
    def get(self, request: Request) -> Response:
        """A page of counts by hour and type, the earliest first."""
        query = HoursQuery.of(request)
        page = self.answer(
            request,
            lambda source: hourly_counts(
                event_type=query.event_type,
                first=query.first,
                last=query.last,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
        )
        return Response(page)


class DailyTotalsView(FullViewView):
    """All events by day."""

    materialised_view = DAILY_TOTALS.name
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_daily_totals",
        summary="List days with all of their events, the newest first",
        query=Paged,
        answer=Page[DailyTotal],
        answer_headers=(as_of_header(200),),
    )
    def get(self, request: Request) -> Response:
        """A page of days, from a materialised view."""
        query = Paged.of(request)
        page = self.answer(
            request,
            lambda source: daily_totals(after=query.after, limit=query.limit, using=source.alias),
            cached=Cached(name="daily_totals", key=query, tags=DAILY_TOTALS.cache_tags, kind=Page[DailyTotal]),
        )
        return Response(page)


class MostActiveView(ReadModelView):
    """Who did most."""

    read_model = "user-activity"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_most_active_users",
        summary="List users, those first who have done most",
        query=Paged,
        headers=(PREFER,),
        answer=Page[Activity],
        answer_headers=(seen_position_header(200), preference_applied_header(200)),
    )
    def get(self, request: Request) -> Response:
        """A page of users with what they have done in all."""
        query = Paged.of(request)
        page = self.answer(
            request, lambda source: most_active(after=query.after, limit=query.limit, using=source.alias)
        )
        return Response(page)
