"""Parameters of queries and addresses that several views of the event store take."""

from typing import Annotated

from msgspec import Meta, Struct

from events.aggregates.aggregate import aggregates
from events.envelope import StreamId
from events.identifiers import AGGREGATE_ID, AGGREGATE_TYPE, EVENT_TYPE, check_stream
from kit.json.schema import one_of, text_like
from kit.rest.query import Query

PAGE = 100
MAX_PAGE = 1_000
ANSWER_BYTES = 1024 * 1024
"""Most JSON of the events of an answer; one event may have more. A server has an answer in memory until a client has
read it."""


AggregateType = Annotated[str, text_like(AGGREGATE_TYPE)]
AggregateId = Annotated[str, text_like(AGGREGATE_ID)]
EventTypeName = Annotated[str, text_like(EVENT_TYPE)]
RegisteredType = Annotated[str, one_of(sorted(kind.name for kind in aggregates))]


class StreamPath(Struct):
    """The address of a stream."""

    aggregate_type: AggregateType
    aggregate_id: AggregateId


class AggregatePath(Struct):
    """The address of an aggregate, of which code knows how to fold its events."""

    aggregate_type: RegisteredType
    aggregate_id: AggregateId


class Limited(Query, frozen=True, kw_only=True):
    """How long a page may be."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description=f"Most items of the page, at most {MAX_PAGE}")] = PAGE


def checked_stream(aggregate_type: str, aggregate_id: str) -> StreamId:
    """The stream that an address names. Raises `InvalidEvent` for names that no stream can have."""
    stream = StreamId(aggregate_type, aggregate_id)
    check_stream(stream)
    return stream
