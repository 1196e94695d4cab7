"""REST resources of the analytics service."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nova.services.analytics.queries import DailyCount, daily_counts, totals
from projections.rest.parameters import AFTER, LIMIT, day_of, in_query, limit_of, only
from projections.rest.schemas import schema_of

READ = {"GET": "read-models:read"}
OK = (200, "application/json")


class Counts(Struct, frozen=True, kw_only=True):
    """Counts by day, and the totals of all days by type."""

    items: list[DailyCount]
    next: str | None
    totals: dict[str, int]


class EventCountsView(APIView):
    """Analytics."""

    required_scopes: ClassVar = READ

    @extend_schema(
        operation_id="count_events",
        summary="Count events by day and type",
        parameters=[
            in_query("from", str, "First day (UTC), like 2025-01-31"),
            in_query("to", str, "Last day (UTC)"),
            AFTER,
            LIMIT,
        ],
        responses={OK: schema_of(Counts)},
    )
    def get(self, request: Request) -> Response:
        """A page of counts by day and type, and the totals of all days."""
        query = request.query_params
        only(query, "from", "to", "after", "limit")
        page = daily_counts(
            first=day_of(query, "from"), last=day_of(query, "to"), after=query.get("after"), limit=limit_of(query)
        )
        return Response(Counts(items=page.items, next=page.next, totals=totals()))
