"""Events over HTTP: appended to streams, read from streams and from the log."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from django.utils.encoding import escape_uri_path
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from events.conf import events_conf
from events.envelope import Appended
from events.exceptions import AggregateNotFound, EventNotFound, InvalidEvent
from events.rest.event_bodies import EventList, WriteList
from events.rest.parameters import ANSWER_BYTES, Limited, StreamPath, checked_stream
from events.rest.representations import (
    AppendedAnswer,
    EventAnswer,
    EventsAnswer,
    LogAnswer,
    appended_answer,
    event_answer,
)
from events.rest.requests import APPEND_ERRORS, IF_MATCH, IF_NONE_MATCH, expected_version, new_events, stream_writes
from events.store.append import append_events, append_streams
from events.store.reading.queries import get_event, read_log, stream_page, stream_version
from kit.arguments import MAX_BIGINT
from kit.exceptions import InvalidParameter
from kit.rest.conditions import etag
from kit.rest.description.answer_headers import POSITION, etag_header, location_header, position_header, replayed_header
from kit.rest.description.openapi import described
from kit.rest.query import BigInt, Text, Timestamp
from kit.rest.replicas import read
from kit.rest.view import ApiView

LOGGED_IDS = 20


class StreamQuery(Limited, frozen=True, kw_only=True):
    """Which part of the stream."""

    from_version: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_BIGINT)] | None,
        Meta(description="First version of the page; by default the first one, or the last one backwards"),
    ] = None
    direction: Annotated[Literal["forwards", "backwards"], Meta(description="`forwards` or `backwards`")] = "forwards"


class LogQuery(Limited, frozen=True, kw_only=True):
    """Which events of the log."""

    after: Annotated[BigInt, Meta(description="Position after which to begin; 0 by default")] = 0
    event_type: Annotated[Text, Meta(description="Only events of these types, separated by commas")] = ""
    aggregate_type: Annotated[Text, Meta(description="Only events of streams of this type")] = ""
    correlation_id: Annotated[UUID | None, Meta(description="Only events of this conversation")] = None
    causation_id: Annotated[
        UUID | None, Meta(description="Only what this event or command has caused; not with a correlation")
    ] = None
    since: Annotated[Timestamp | None, Meta(description="Only what happened at this time or later")] = None
    until: Annotated[Timestamp | None, Meta(description="Only what happened before this time")] = None


class StreamEventsView(ApiView):
    """The events of one stream."""

    required_scopes: ClassVar = {"GET": "events:read", "POST": "events:append"}

    @described(
        operation_id="append_events",
        summary="Append events to a stream, all or nothing",
        path=StreamPath,
        body=EventList,
        answer=AppendedAnswer,
        statuses=(201,),
        headers=(
            IF_MATCH,
            IF_NONE_MATCH,
        ),
        answer_headers=(location_header(201), etag_header(201), position_header(201), replayed_header(201)),
        errors=APPEND_ERRORS,
    )
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Append; a repetition, known by its event ids, gets the first answer and `Idempotency-Replayed: true`."""
        conf = events_conf()
        stream = checked_stream(aggregate_type, aggregate_id)
        expected = expected_version(request.headers, conf)
        appended = append_events(stream, expected, new_events(request.data, conf))
        _tell_log(request, [appended])
        headers = {
            "Location": f"{escape_uri_path(request.path)}?from_version={appended.first_version}",
            "ETag": etag(appended.version),
        }
        return _created(appended_answer(appended), [appended], headers)

    @described(
        operation_id="read_stream",
        summary="Read a stream",
        path=StreamPath,
        answer=EventsAnswer,
        answer_headers=(etag_header(200),),
        query=StreamQuery,
        errors=(InvalidEvent, AggregateNotFound),
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """A page of the stream; `next` is the `from_version` of the page after it."""
        query = StreamQuery.of(request)
        stream = checked_stream(aggregate_type, aggregate_id)
        backwards = query.direction == "backwards"
        version = stream_version(stream)
        start = query.from_version or (version if backwards else 1)
        page = stream_page(stream, start, query.limit, backwards=backwards, max_bytes=ANSWER_BYTES)
        following = (page.events[-1].version + (-1 if backwards else 1)) if page.more else None
        body = EventsAnswer(items=[event_answer(event) for event in page.events], next=following or None)
        return Response(body, headers={"ETag": etag(version)})


class TransactionsView(ApiView):
    """Appends to several streams at once."""

    required_scopes: ClassVar = {"POST": "events:append"}

    @described(
        operation_id="append_to_streams",
        summary="Append events to several streams, all or nothing",
        body=WriteList,
        answer=list[AppendedAnswer],
        statuses=(201,),
        answer_headers=(position_header(201), replayed_header(201)),
        errors=APPEND_ERRORS,
    )
    def post(self, request: Request) -> Response:
        """Append; `expected_version` is a number, `any`, `no_stream` or `stream_exists`."""
        answers = append_streams(stream_writes(request.data, events_conf()))
        _tell_log(request, answers)
        return _created([appended_answer(answer) for answer in answers], answers, {})


class LogView(ApiView):
    """The log of all events."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="read_log",
        summary="Read the log of all events",
        answer=LogAnswer,
        query=LogQuery,
    )
    def get(self, request: Request) -> Response:
        """A page of the log. Go on with `after` set to `next`: no event is missed and none comes twice."""
        query = LogQuery.of(request)
        if query.correlation_id and query.causation_id:
            raise InvalidParameter("causation_id", "excludes correlation_id")
        page = read(
            request,
            lambda source: read_log(
                query.after,
                query.limit,
                [word for word in query.event_type.split(",") if word] or None,
                aggregate_type=query.aggregate_type or None,
                correlation_id=query.correlation_id,
                causation_id=query.causation_id,
                since=query.since,
                until=query.until,
                max_bytes=ANSWER_BYTES,
                using=source.alias,
                safe_position=source.safe_position,
            ),
        )
        items = [event_answer(event) for event in page.events]
        return Response(LogAnswer(items=items, next=page.position, safe_position=page.safe_position))


class EventView(ApiView):
    """One event."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(operation_id="get_event", summary="Get one event", answer=EventAnswer, errors=(EventNotFound,))
    def get(self, request: Request, event_id: Any) -> Response:
        """The event of that id."""
        return Response(event_answer(get_event(event_id)))


def _tell_log(request: Request, answers: Sequence[Appended]) -> None:
    """Let the access log name the events, or the first of very many."""
    event_ids = [str(event_id) for answer in answers for event_id in answer.event_ids]
    fields = {"event_ids": event_ids[:LOGGED_IDS], "events": len(event_ids)}
    request._request.log_fields = fields  # type: ignore[attr-defined]  # noqa: SLF001 - what the middleware sees


def _created(body: object, answers: Sequence[Appended], headers: dict[str, str]) -> Response:
    headers[POSITION] = str(max(position for answer in answers for position in answer.positions))
    if answers[0].replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, status=201, headers=headers)
