"""Event queries: by stream, from the log, by id, by type, by cause, since a time.

Arguments that no query can be made with raise `InvalidArgument` before anything is sent.

It has more than 200 lines because every way to read events is one small function here.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from events.arguments import arguments, check_name
from events.envelope import LogPage, RecordedEvent, StreamId
from events.exceptions import AggregateNotFound, EventNotFound, InvalidArgument
from events.sql.columns import RECORDED_COLUMNS
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.positions import readable_position
from events.store.reading.page_byte_limit import PAGE_BYTES
from events.store.reading.pages import EventPage, page_of
from events.store.reading.partitions import LogPartition
from events.store.reading.rows import Row, recorded_events
from kit.arguments import MAX_BIGINT

POSITION, VERSION, TIMESTAMP = map(RECORDED_COLUMNS.index, ("position", "version", "timestamp"))


def get_events(
    stream: StreamId,
    from_version: int | None = None,
    *,
    limit: int | None = None,
    backwards: bool = False,
    whole: bool = False,
    using: str = "default",
) -> list[RecordedEvent]:
    """Events of a stream from a version on (inclusive), or from it down when backwards; empty when there are none.

    The stream's maximum age and count are honoured unless the `whole` stream is wanted, as folding an aggregate needs.
    """
    return recorded_events(_stream_rows(stream, from_version, limit, backwards=backwards, whole=whole, using=using))


def stream_page(
    stream: StreamId,
    from_version: int,
    limit: int,
    *,
    backwards: bool = False,
    max_bytes: int = PAGE_BYTES,
    using: str = "default",
) -> EventPage:
    """A page of what readers see of a stream; see `get_events`. It goes on with the version beside the last event's."""
    step = -1 if backwards else 1

    def read(number: int, last: Row | None) -> list[Row]:
        start = from_version if last is None else last[VERSION] + step
        return _stream_rows(stream, start, number, backwards=backwards, whole=False, using=using)

    return page_of(read, limit, max_bytes)


def load_events_range(
    stream: StreamId, from_version: int, to_version: int, *, whole: bool = False, using: str = "default"
) -> list[RecordedEvent]:
    """Events of a stream from one version to another, both inclusive, as far as they exist; see `get_events`."""
    check_name(stream)
    arguments.number("from_version", from_version)
    arguments.number("to_version", to_version)
    return _events(
        "stream_forwards",
        using,
        aggregate_type=stream.aggregate_type,
        aggregate_id=stream.aggregate_id,
        from_version=from_version,
        to_version=to_version,
        max_count=None,
        whole=whole,
    )


def stream_version(stream: StreamId, *, using: str = "default") -> int:
    """The stream's version. Raises `AggregateNotFound` when it has no events."""
    check_name(stream)
    with live_cursor(using) as cursor:
        row = cursor.execute(
            statement("stream_version"),
            {"aggregate_type": stream.aggregate_type, "aggregate_id": stream.aggregate_id},
        ).fetchone()
    version = int(row[0]) if row else 0
    if not version:
        raise AggregateNotFound(stream)
    return version


def get_event(event_id: UUID, *, using: str = "default") -> RecordedEvent:
    """The event of that id. Raises `EventNotFound`."""
    events = get_events_by_id([event_id], using=using)
    if not events:
        raise EventNotFound(event_id)
    return events[0]


def get_events_by_id(event_ids: Collection[UUID], *, using: str = "default") -> list[RecordedEvent]:
    """Those events of the ids that exist, in the order of the log."""
    for event_id in event_ids:
        arguments.uuid("event_ids", event_id)
    return _events("by_event_ids", using, event_ids=list(event_ids))


def get_events_by_type(
    event_type: str, limit: int, *, backwards: bool = True, beyond: int | None = None, using: str = "default"
) -> list[RecordedEvent]:
    """Events of a type, newest first, or in the order of the log when not backwards.

    The next page begins `beyond` the position of the last event of the page before.
    """
    return recorded_events(_type_rows(event_type, limit, backwards=backwards, beyond=beyond, using=using))


def type_page(
    event_type: str,
    limit: int,
    *,
    backwards: bool = True,
    beyond: int | None = None,
    max_bytes: int = PAGE_BYTES,
    using: str = "default",
) -> EventPage:
    """A page of a type's events; see `get_events_by_type`."""

    def read(number: int, last: Row | None) -> list[Row]:
        start = beyond if last is None else last[POSITION]
        return _type_rows(event_type, number, backwards=backwards, beyond=start, using=using)

    return page_of(read, limit, max_bytes)


def get_events_by_correlation(
    correlation_id: UUID, limit: int, *, after: int = 0, using: str = "default"
) -> list[RecordedEvent]:
    """The events of a conversation after a position, in the order of the log.

    This shows what can be seen now, the open transaction's own events included. Whoever follows a conversation that is
    still going on reads the log with `correlation_id`, which waits for appends that commit late.
    """
    arguments.uuid("correlation_id", correlation_id)
    _check_place(limit, after)
    return _events("by_correlation", using, correlation_id=correlation_id, after=after, max_count=limit)


def get_events_by_causation(
    causation_id: UUID, limit: int, *, after: int = 0, using: str = "default"
) -> list[RecordedEvent]:
    """What an event or command has caused, after a position; see `get_events_by_correlation`."""
    arguments.uuid("causation_id", causation_id)
    _check_place(limit, after)
    return _events("by_causation", using, causation_id=causation_id, after=after, max_count=limit)


def get_events_since(since: datetime, limit: int, *, after: int = 0, using: str = "default") -> list[RecordedEvent]:
    """Events that happened at that time or later, in the order of their times, then of the log.

    The next page has `since` and `after` from the timestamp and the position of the last event of the page before: so
    any number of events may have one time.
    """
    return recorded_events(_since_rows(since, limit, after=after, using=using))


def since_page(
    since: datetime, limit: int, *, after: int = 0, max_bytes: int = PAGE_BYTES, using: str = "default"
) -> EventPage:
    """A page of what happened since a time; see `get_events_since`."""

    def read(number: int, last: Row | None) -> list[Row]:
        start = (since, after) if last is None else (datetime.fromisoformat(last[TIMESTAMP]), last[POSITION])
        return _since_rows(start[0], number, after=start[1], using=using)

    return page_of(read, limit, max_bytes)


def read_log(
    after: int,
    limit: int,
    event_types: Collection[str] | None = None,
    *,
    aggregate_type: str | None = None,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    max_bytes: int = PAGE_BYTES,
    untyped: bool = False,
    using: str = "default",
    safe_position: int | None = None,
    partition: LogPartition | None = None,
) -> LogPage:
    """A page of the log after a position, never beyond the safe position; it has fewer events when they are large.

    Followers go on from the page's `position`; whoever does so sees every event once, in the order of each stream.
    Inside a transaction this needs READ COMMITTED, PostgreSQL's default: under another isolation level, which hides
    events that the page would pass, it raises `StaleSnapshot`. It sees the transaction's own events there, so what was
    done about them, the follower's position included, must be undone when they are: keep it in the same one.

    Raises `SequenceBehind` while what is appended next would come to stand before older events.

    A standby, which cannot know the safe position, is read up to a `safe_position` that its primary has given, and that
    it has replayed (`kit.replicas.reads.Source`); whoever wants no more than was safe once gives it as well.

    Several readers share the log by a `partition` each, and are each told of positions that are others'.

    The filters narrow what is returned and join with "and". `since` and `until` bound the time at which an event
    happened, the latter exclusively. `untyped` payloads are as they were written, in their own version and with every
    field, whatever the code says of their types. Raises `InvalidArgument` for correlation and causation at once.
    """
    _check_place(limit, after)
    arguments.texts("event_types", event_types)
    arguments.text("aggregate_type", aggregate_type)
    arguments.uuid("correlation_id", correlation_id)
    arguments.uuid("causation_id", causation_id)
    arguments.time("since", since)
    arguments.time("until", until)
    arguments.number("safe_position", safe_position)
    name, narrowed = _log_statement(correlation_id, causation_id, partition)
    safe = max(after, readable_position(using=using) if safe_position is None else safe_position)
    types = None if event_types is None else list(event_types)
    narrowed |= {"safe": safe, "event_types": types, "aggregate_type": aggregate_type, "since": since, "until": until}

    def read(number: int, last: Row | None) -> list[Row]:
        return _rows(name, using, after=after if last is None else last[POSITION], max_count=number, **narrowed)

    page = page_of(read, limit, max_bytes, untyped=untyped)
    return LogPage(events=page.events, position=page.events[-1].position if page.more else safe, safe_position=safe)


def _log_statement(
    correlation_id: UUID | None, causation_id: UUID | None, partition: LogPartition | None
) -> tuple[str, dict[str, Any]]:
    if correlation_id is not None and causation_id is not None:
        raise InvalidArgument("causation_id", "read the log of a correlation or of a causation, not of both")
    if partition is not None and (correlation_id or causation_id):
        raise InvalidArgument("partition", "read a partition of the whole log")
    if correlation_id is not None:
        return "log_of_correlation", {"correlation_id": correlation_id}
    if causation_id is not None:
        return "log_of_causation", {"causation_id": causation_id}
    return "log_after", {"number": partition and partition.number, "of": partition and partition.of}


def _stream_rows(
    stream: StreamId, from_version: int | None, limit: int | None, *, backwards: bool, whole: bool, using: str
) -> list[Row]:
    check_name(stream)
    arguments.number("from_version", from_version)
    arguments.limit(limit)
    about = {"aggregate_type": stream.aggregate_type, "aggregate_id": stream.aggregate_id, "max_count": limit}
    if backwards:
        start = MAX_BIGINT if from_version is None else from_version
        return _rows("stream_backwards", using, **about, from_version=start, whole=whole)
    start = 1 if from_version is None else from_version
    return _rows("stream_forwards", using, **about, from_version=start, to_version=MAX_BIGINT, whole=whole)


def _type_rows(event_type: str, limit: int, *, backwards: bool, beyond: int | None, using: str) -> list[Row]:
    arguments.text("event_type", event_type)
    arguments.limit(limit)
    arguments.number("beyond", beyond)
    if backwards:
        before = MAX_BIGINT if beyond is None else beyond
        return _rows("by_type_backwards", using, event_type=event_type, before=before, max_count=limit)
    return _rows("by_type_forwards", using, event_type=event_type, after=beyond or 0, max_count=limit)


def _since_rows(since: datetime, limit: int, *, after: int, using: str) -> list[Row]:
    arguments.time("since", since)
    _check_place(limit, after)
    return _rows("since", using, since=since, after=after, max_count=limit)


def _check_place(limit: int, after: int) -> None:
    arguments.limit(limit)
    arguments.number("after", after)


def _events(name: str, using: str, **parameters: Any) -> list[RecordedEvent]:
    return recorded_events(_rows(name, using, **parameters))


def _rows(name: str, using: str, **parameters: Any) -> list[Row]:
    with live_cursor(using) as cursor:
        return cursor.execute(statement(name), parameters).fetchall()
