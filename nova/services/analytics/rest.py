"""Counts of events over HTTP, by day and type."""

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.answer_headers import preference_applied_header
from kit.rest.openapi import described
from kit.rest.preferences import PREFER
from nova.services.analytics.queries import DailyCount, daily_counts, totals
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
