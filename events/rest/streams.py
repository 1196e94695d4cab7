"""Streams over HTTP: listed, described, archived and closed."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from events.envelope import StreamId
from events.exceptions import InvalidEvent, StreamTombstoned
from events.identifiers import AGGREGATE_ID, AGGREGATE_TYPE
from events.rest.parameters import Limited, StreamPath, checked_stream
from events.rest.representations import MetadataAnswer, StreamsAnswer, metadata_answer, stream_answer
from events.rest.requests import MetadataBody, reason, stream_metadata
from events.store.streams.metadata import (
    StreamMetadata,
    archive_stream,
    get_stream_metadata,
    list_streams,
    restore_stream,
    set_stream_metadata,
    tombstone_stream,
)
from kit.exceptions import InvalidParameter
from kit.json.schema import text_like
from kit.rest.bodies import ReasonBody
from kit.rest.description.openapi import described
from kit.rest.query import Text
from kit.rest.replicas import read
from kit.rest.view import ApiView

# `TYPE/ID`, or nothing.
STREAM = re.compile(f"({AGGREGATE_TYPE.pattern}/{AGGREGATE_ID.pattern})?")


class StreamsQuery(Limited, frozen=True, kw_only=True):
    """Which streams."""

    aggregate_type: Annotated[Text, Meta(description="Only streams of this type")] = ""
    after: Annotated[str, text_like(STREAM), Meta(description="`TYPE/ID`, the last stream of the page before")] = ""
    archived: Annotated[Literal["false", "true"], Meta(description="`false`, or `true` to list archived ones too")] = (
        "false"
    )


class StreamsView(ApiView):
    """The list of streams."""

    required_scopes: ClassVar = {"GET": "events:read"}

    @described(
        operation_id="list_streams",
        summary="List streams in the order of their names",
        answer=StreamsAnswer,
        query=StreamsQuery,
    )
    def get(self, request: Request) -> Response:
        """A page of streams; `next` is the `after` of the page after it."""
        query = StreamsQuery.of(request)
        after = _after(query.after)
        streams = read(
            request,
            lambda source: list_streams(
                query.limit,
                aggregate_type=query.aggregate_type or None,
                after=after,
                archived=query.archived == "true",
                using=source.alias,
            ),
        )
        following = str(streams[-1].stream) if len(streams) == query.limit else None
        return Response(StreamsAnswer(items=[stream_answer(stream) for stream in streams], next=following))


class StreamMetadataView(ApiView):
    """What is said about one stream."""

    required_scopes: ClassVar = {"GET": "events:read", "PUT": "operate"}

    @described(
        operation_id="get_stream_metadata",
        summary="See what is said about a stream",
        path=StreamPath,
        errors=(InvalidEvent,),
        answer=MetadataAnswer,
    )
    def get(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Its title, limits and marks; the stream need not have events."""
        return Response(metadata_answer(get_stream_metadata(checked_stream(aggregate_type, aggregate_id))))

    @described(
        operation_id="set_stream_metadata",
        summary="Say title, maximum age and maximum count of a stream",
        path=StreamPath,
        body=MetadataBody,
        errors=(InvalidEvent,),
        answer=MetadataAnswer,
    )
    def put(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Replace them; what is left out is no longer said."""
        stream, body = checked_stream(aggregate_type, aggregate_id), stream_metadata(request.data)
        max_age = None if body.max_age is None else timedelta(seconds=body.max_age)
        said = set_stream_metadata(
            stream, title=body.title, max_age=max_age, max_count=body.max_count, actor=str(request.user)
        )
        return Response(metadata_answer(said))


class _StreamOperation(ApiView):
    """Something that an operator does to a stream, with a reason."""

    required_scopes: ClassVar = {"POST": "operate"}
    operation: ClassVar[Callable[..., StreamMetadata]]

    def _operate(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        stream = checked_stream(aggregate_type, aggregate_id)
        done = type(self).operation(stream, reason=reason(request.data), actor=str(request.user))
        return Response(metadata_answer(done))


class ArchiveStreamView(_StreamOperation):
    """Leaves a stream out of lists."""

    operation = staticmethod(archive_stream)

    @described(
        operation_id="archive_stream",
        summary="Leave a stream out of lists",
        path=StreamPath,
        body=ReasonBody,
        answer=MetadataAnswer,
        errors=(InvalidEvent,),
    )
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Archive; the stream can be read and appended to as before."""
        return self._operate(request, aggregate_type, aggregate_id)


class RestoreStreamView(_StreamOperation):
    """Lists a stream again."""

    operation = staticmethod(restore_stream)

    @described(
        operation_id="restore_stream",
        summary="List an archived stream again",
        path=StreamPath,
        body=ReasonBody,
        answer=MetadataAnswer,
        errors=(InvalidEvent,),
    )
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Restore; a tombstone stays."""
        return self._operate(request, aggregate_type, aggregate_id)


class TombstoneStreamView(_StreamOperation):
    """Closes a stream."""

    operation = staticmethod(tombstone_stream)

    @described(
        operation_id="tombstone_stream",
        summary="Close a stream for ever",
        path=StreamPath,
        body=ReasonBody,
        answer=MetadataAnswer,
        errors=(InvalidEvent, StreamTombstoned),
    )
    def post(self, request: Request, aggregate_type: str, aggregate_id: str) -> Response:
        """Tombstone; the stream can still be read and takes no more events."""
        return self._operate(request, aggregate_type, aggregate_id)


def _after(text: str) -> StreamId | None:
    if not text:
        return None
    aggregate_type, _, aggregate_id = text.partition("/")
    try:
        return checked_stream(aggregate_type, aggregate_id)
    except InvalidEvent:
        raise InvalidParameter("after", "must be TYPE/ID, as a page has given it out") from None
