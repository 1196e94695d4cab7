"""How are events appended and read over HTTP?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.conf import events_conf
from events.envelope import Appended, StreamId
from events.exceptions import BadRequest
from events.identifiers import check_stream
from events.rest.representations import appended_body, event_body
from events.rest.requests import (
    expected_version,
    new_events,
    one_of,
    only,
    plain_text,
    stream_writes,
    timestamp_of,
    uuid,
    whole_number,
)
from events.rest.schemas import APPENDED, EVENT, EVENTS, LOG, NEW_EVENTS, WRITES
from events.store.append import append_events, append_streams
from events.store.reading.queries import get_event, read_log, stream_page, stream_version

MAX_BIGINT = 2**63 - 1
PAGE = 100
MAX_PAGE = 1_000
LOGGED_IDS = 20
LOG_PARAMETERS = (
    *("after", "limit", "event_type", "aggregate_type"),
    *("correlation_id", "causation_id", "since", "until"),
)


def _in(name: str, kind: type, description: str, place: Literal["query", "header"] = "query") -> OpenApiParameter:
    return OpenApiParameter(name, kind, place, description=description)


def _stream(aggregate_type: str, aggregate_id: str) -> StreamId:
    stream = StreamId(aggregate_type, aggregate_id)
    check_stream(stream)
    return stream


class StreamEventsView(APIView):
    """The events of one stream."""

    required_scopes: ClassVar = {"GET": "events:read", "POST": "events:append"}

    @extend_schema(
        operation_id="append_events",
        summary="Append events to a stream, all or nothing",
        request={"application/json": NEW_EVENTS},
        responses={(201, "application/json"): APPENDED},
        parameters=[
            _in("If-Match", str, 'Expected version in quotes, `"3"`; `*`: the stream exists', "header"),
            _in("If-None-Match", str, "`*`: the stream does not exist yet", "header"),
        ],
    )
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Append; a repetition, known by its event ids, gets the first answer and `Idempotency-Replayed: true`."""
        conf = events_conf()
        stream = _stream(aggregate_type, aggregate_id)
        expected = expected_version(request.headers, conf)
        appended = append_events(stream, expected, new_events(request.data, conf))
        _tell_log(request, [appended])
        headers = {
            "Location": f"{request.path}?from_version={appended.first_version}",
            "ETag": f'"{appended.version}"',
        }
        return _created(appended_body(appended), headers, replayed=appended.replayed)

    @extend_schema(
        operation_id="read_stream",
        summary="Read a stream",
        responses={(200, "application/json"): EVENTS},
        parameters=[
            _in("from_version", int, "First version of the page; by default the first one, or the last one backwards"),
            _in("limit", int, f"Most events of the page, at most {MAX_PAGE}"),
            _in("direction", str, "`forwards` or `backwards`"),
        ],
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """A page of the stream; `next` is the `from_version` of the page after it."""
        query = request.query_params
        only(query, "from_version", "limit", "direction")
        stream = _stream(aggregate_type, aggregate_id)
        backwards = one_of(query, "direction", "forwards", "backwards") == "backwards"
        limit = whole_number(query, "limit", default=PAGE, least=1, most=MAX_PAGE)
        version = stream_version(stream)
        start = whole_number(query, "from_version", default=version if backwards else 1, least=1, most=MAX_BIGINT)
        page = stream_page(stream, start, limit, backwards=backwards)
        following = (page.events[-1].version + (-1 if backwards else 1)) if page.more else None
        body = {"items": [event_body(event) for event in page.events], "next": following or None}
        return Response(body, headers={"ETag": f'"{version}"'})


class TransactionsView(APIView):
    """Appends to several streams at once."""

    required_scopes: ClassVar = {"POST": "events:append"}

    @extend_schema(
        operation_id="append_to_streams",
        summary="Append events to several streams, all or nothing",
        request={"application/json": WRITES},
        responses={(201, "application/json"): {"type": "array", "items": APPENDED}},
    )
    def post(self, request: Request) -> Response:
        """Append; `expected_version` is a number, `any`, `no_stream` or `stream_exists`."""
        answers = append_streams(stream_writes(request.data, events_conf()))
        _tell_log(request, answers)
        return _created([appended_body(answer) for answer in answers], {}, replayed=answers[0].replayed)


class LogView(APIView):
    """The log of all events."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="read_log",
        summary="Read the log of all events",
        responses={(200, "application/json"): LOG},
        parameters=[
            _in("after", int, "Position after which to begin; 0 by default"),
            _in("limit", int, f"Most events of the page, at most {MAX_PAGE}"),
            _in("event_type", str, "Only events of these types, separated by commas"),
            _in("aggregate_type", str, "Only events of streams of this type"),
            _in("correlation_id", UUID, "Only events of this conversation"),
            _in("causation_id", UUID, "Only what this event or command has caused; not with a correlation"),
            _in("since", datetime, "Only what happened at this time or later"),
            _in("until", datetime, "Only what happened before this time"),
        ],
    )
    def get(self, request: Request) -> Response:
        """A page of the log. Go on with `after` set to `next`: no event is missed and none comes twice."""
        query = request.query_params
        only(query, *LOG_PARAMETERS)
        types = [word for word in (plain_text(query, "event_type") or "").split(",") if word]
        correlation_id, causation_id = uuid(query, "correlation_id"), uuid(query, "causation_id")
        if correlation_id and causation_id:
            raise BadRequest("excludes correlation_id", parameter="causation_id")
        page = read_log(
            whole_number(query, "after", default=0, least=0, most=MAX_BIGINT),
            whole_number(query, "limit", default=PAGE, least=1, most=MAX_PAGE),
            types or None,
            aggregate_type=plain_text(query, "aggregate_type"),
            correlation_id=correlation_id,
            causation_id=causation_id,
            since=timestamp_of(query, "since"),
            until=timestamp_of(query, "until"),
        )
        body = {
            "items": [event_body(event) for event in page.events],
            "next": page.position,
            "safe_position": page.safe_position,
        }
        return Response(body)


class EventView(APIView):
    """One event."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(operation_id="get_event", summary="Get one event", responses={(200, "application/json"): EVENT})
    def get(self, request: Request, event_id: Any) -> Response:
        """The event of that id."""
        return Response(event_body(get_event(event_id)))


def _tell_log(request: Request, answers: Sequence[Appended]) -> None:
    """Let the access log name the events, or the first of very many."""
    event_ids = [str(event_id) for answer in answers for event_id in answer.event_ids]
    fields = {"event_ids": event_ids[:LOGGED_IDS], "events": len(event_ids)}
    request._request.log_fields = fields  # type: ignore[attr-defined]  # noqa: SLF001 - what the middleware sees


def _created(body: object, headers: dict[str, str], *, replayed: bool) -> Response:
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, status=201, headers=headers)
