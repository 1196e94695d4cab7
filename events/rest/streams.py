"""How are streams listed, described, archived and closed over HTTP?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.envelope import StreamId
from events.exceptions import BadRequest, InvalidEvent
from events.identifiers import check_stream
from events.rest.representations import metadata_body, stream_body
from events.rest.requests import one_of, only, plain_text, reason, stream_metadata, whole_number
from events.rest.schemas import METADATA, NEW_METADATA, REASON, STREAMS
from events.store.streams.metadata import (
    StreamMetadata,
    archive_stream,
    get_stream_metadata,
    list_streams,
    restore_stream,
    set_stream_metadata,
    tombstone_stream,
)

PAGE = 100
MAX_PAGE = 1_000
ViewT = TypeVar("ViewT", bound=Callable[..., Any])


class StreamsView(APIView):
    """The list of streams."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @extend_schema(
        operation_id="list_streams",
        summary="List streams in the order of their names",
        responses={(200, "application/json"): STREAMS},
        parameters=[
            OpenApiParameter("aggregate_type", str, "query", description="Only streams of this type"),
            OpenApiParameter("after", str, "query", description="`TYPE/ID`, the last stream of the page before"),
            OpenApiParameter("archived", str, "query", description="`false`, or `true` to list archived ones too"),
            OpenApiParameter("limit", int, "query", description=f"Most streams of the page, at most {MAX_PAGE}"),
        ],
    )
    def get(self, request: Request) -> Response:
        """A page of streams; `next` is the `after` of the page after it."""
        query = request.query_params
        only(query, "aggregate_type", "after", "archived", "limit")
        limit = whole_number(query, "limit", default=PAGE, least=1, most=MAX_PAGE)
        streams = list_streams(
            limit,
            aggregate_type=plain_text(query, "aggregate_type"),
            after=_after(plain_text(query, "after")),
            archived=one_of(query, "archived", "false", "true") == "true",
        )
        following = str(streams[-1].stream) if len(streams) == limit else None
        return Response({"items": [stream_body(stream) for stream in streams], "next": following})


class StreamMetadataView(APIView):
    """What is said about one stream."""

    required_scopes: ClassVar = {"GET": "events:read", "PUT": "operate"}

    @extend_schema(
        operation_id="get_stream_metadata",
        summary="See what is said about a stream",
        responses={(200, "application/json"): METADATA},
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Its title, limits and marks; the stream need not have events."""
        return Response(metadata_body(get_stream_metadata(_stream(aggregate_type, aggregate_id))))

    @extend_schema(
        operation_id="set_stream_metadata",
        summary="Say title, maximum age and maximum count of a stream",
        request={"application/json": NEW_METADATA},
        responses={(200, "application/json"): METADATA},
    )
    def put(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Replace them; what is left out is no longer said."""
        stream, body = _stream(aggregate_type, aggregate_id), stream_metadata(request.data)
        max_age = None if body.max_age is None else timedelta(seconds=body.max_age)
        said = set_stream_metadata(
            stream, title=body.title, max_age=max_age, max_count=body.max_count, actor=str(request.user)
        )
        return Response(metadata_body(said))


class _StreamOperation(APIView):
    """Something that an operator does to a stream, with a reason."""

    required_scopes: ClassVar = {"POST": "operate"}
    operation: ClassVar[Callable[..., StreamMetadata]]

    def _operate(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        stream = _stream(aggregate_type, aggregate_id)
        done = type(self).operation(stream, reason=reason(request.data), actor=str(request.user))
        return Response(metadata_body(done))


def _described(name: str, summary: str) -> Callable[[ViewT], ViewT]:
    decorate: Callable[[ViewT], ViewT] = extend_schema(
        operation_id=name,
        summary=summary,
        request={"application/json": REASON},
        responses={(200, "application/json"): METADATA},
    )
    return decorate


class ArchiveStreamView(_StreamOperation):
    """Leaves a stream out of lists."""

    operation = staticmethod(archive_stream)

    @_described("archive_stream", "Leave a stream out of lists")
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Archive; the stream can be read and appended to as before."""
        return self._operate(request, aggregate_type, aggregate_id)


class RestoreStreamView(_StreamOperation):
    """Lists a stream again."""

    operation = staticmethod(restore_stream)

    @_described("restore_stream", "List an archived stream again")
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Restore; a tombstone stays."""
        return self._operate(request, aggregate_type, aggregate_id)


class TombstoneStreamView(_StreamOperation):
    """Closes a stream."""

    operation = staticmethod(tombstone_stream)

    @_described("tombstone_stream", "Close a stream for ever")
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Tombstone; the stream can still be read and takes no more events."""
        return self._operate(request, aggregate_type, aggregate_id)


def _stream(aggregate_type: str, aggregate_id: str) -> StreamId:
    stream = StreamId(aggregate_type, aggregate_id)
    check_stream(stream)
    return stream


def _after(text: str | None) -> StreamId | None:
    if text is None:
        return None
    aggregate_type, _, aggregate_id = text.partition("/")
    try:
        return _stream(aggregate_type, aggregate_id)
    except InvalidEvent:
        raise BadRequest("must be TYPE/ID, as a page has given it out", parameter="after") from None
