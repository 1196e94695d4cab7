"""Lookups over HTTP: events of a type, newest first, and events since a time, in the order of their times."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from events.rest.parameters import ANSWER_BYTES, Limited
from events.rest.representations import EventsAnswer, EventsByTimeAnswer, TimePlace, event_answer
from events.store.reading.queries import since_page, type_page
from kit.arguments import MAX_BIGINT
from kit.exceptions import InvalidParameter
from kit.rest.description.openapi import described
from kit.rest.query import BigInt, Timestamp
from kit.rest.replicas import read
from kit.rest.view import ApiView


class ByTypeQuery(Limited, frozen=True, kw_only=True):
    """Which events of the type."""

    direction: Annotated[
        Literal["backwards", "forwards"], Meta(description="`backwards` (newest first) or `forwards`")
    ] = "backwards"
    beyond: Annotated[BigInt | None, Meta(description="Position beyond which the page begins")] = None


class ByTimeQuery(Limited, frozen=True, kw_only=True):
    """Events since when."""

    since: Annotated[Timestamp, Meta(description="The time, with an offset")]
    after: Annotated[BigInt, Meta(description="Position after which events of that very time begin")] = 0


class EventsByTypeView(ApiView):
    """The events of a type."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="list_events_by_type",
        summary="List the events of a type, newest first or oldest first",
        answer=EventsAnswer,
        query=ByTypeQuery,
    )
    def get(self, request: Request, event_type: str) -> Response:
        """A page; `next` is the `beyond` of the page after it."""
        query = ByTypeQuery.of(request)
        if "\0" in event_type:
            raise InvalidParameter("event_type", "must not hold a NUL character")
        backwards = query.direction == "backwards"
        beyond = query.beyond if query.beyond is not None else MAX_BIGINT if backwards else 0
        page = read(
            request,
            lambda source: type_page(
                event_type,
                query.limit,
                backwards=backwards,
                beyond=beyond,
                max_bytes=ANSWER_BYTES,
                using=source.alias,
            ),
            # A replica that lacks an event of the page before would lack those beside it, which would be passed over.
            position=query.beyond or 0,
        )
        following = page.events[-1].position if page.more else None
        return Response(EventsAnswer(items=[event_answer(event) for event in page.events], next=following))


class EventsByTimeView(ApiView):
    """Events in the order of the times at which they happened."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="list_events_since",
        summary="List events since a time, in the order of their times",
        answer=EventsByTimeAnswer,
        query=ByTimeQuery,
    )
    def get(self, request: Request) -> Response:
        """A page; `next` has the `since` and `after` of the page after it."""
        query = ByTimeQuery.of(request)
        page = since_page(query.since, query.limit, after=query.after, max_bytes=ANSWER_BYTES)
        last = page.events[-1] if page.more else None
        following = TimePlace(since=last.timestamp, after=last.position) if last else None
        return Response(EventsByTimeAnswer(items=[event_answer(event) for event in page.events], next=following))
