"""How are events found over HTTP without following the log: the newest first, or in the order of their times?"""

from datetime import datetime
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.exceptions import BadRequest
from events.rest.representations import event_body
from events.rest.requests import one_of, only, plain_text, timestamp_of, whole_number
from events.rest.schemas import EVENTS, EVENTS_BY_TIME
from events.store.reading.queries import since_page, type_page

MAX_BIGINT = 2**63 - 1
PAGE = 100
MAX_PAGE = 1_000
LIMIT = OpenApiParameter("limit", int, "query", description=f"Most events of the page, at most {MAX_PAGE}")


class EventsByTypeView(APIView):
    """The events of a type."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="list_events_by_type",
        summary="List the events of a type, newest first or oldest first",
        responses={(200, "application/json"): EVENTS},
        parameters=[
            LIMIT,
            OpenApiParameter("direction", str, "query", description="`backwards` (newest first) or `forwards`"),
            OpenApiParameter("beyond", int, "query", description="Position beyond which the page begins"),
        ],
    )
    def get(self, request: Request, event_type: str) -> Response:
        """A page; `next` is the `beyond` of the page after it."""
        query = request.query_params
        only(query, "limit", "direction", "beyond")
        plain_text({"event_type": event_type}, "event_type")
        backwards = one_of(query, "direction", "backwards", "forwards") == "backwards"
        limit = whole_number(query, "limit", default=PAGE, least=1, most=MAX_PAGE)
        start = whole_number(query, "beyond", default=MAX_BIGINT if backwards else 0, least=0, most=MAX_BIGINT)
        page = type_page(event_type, limit, backwards=backwards, beyond=start)
        following = page.events[-1].position if page.more else None
        return Response({"items": [event_body(event) for event in page.events], "next": following})


class EventsByTimeView(APIView):
    """Events in the order of the times at which they happened."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="list_events_since",
        summary="List events since a time, in the order of their times",
        responses={(200, "application/json"): EVENTS_BY_TIME},
        parameters=[
            LIMIT,
            OpenApiParameter("since", datetime, "query", required=True, description="The time, with an offset"),
            OpenApiParameter("after", int, "query", description="Position after which events of that very time begin"),
        ],
    )
    def get(self, request: Request) -> Response:
        """A page; `next` has the `since` and `after` of the page after it."""
        query = request.query_params
        only(query, "limit", "since", "after")
        since = timestamp_of(query, "since")
        if since is None:
            raise BadRequest("is needed", parameter="since")
        limit = whole_number(query, "limit", default=PAGE, least=1, most=MAX_PAGE)
        after = whole_number(query, "after", default=0, least=0, most=MAX_BIGINT)
        page = since_page(since, limit, after=after)
        last = page.events[-1] if page.more else None
        following = last and {"since": last.timestamp, "after": last.position}
        return Response({"items": [event_body(event) for event in page.events], "next": following})
