"""Stream metadata: title, limits, archiving and tombstone of a stream, beside its events.

Maximum age and count are honoured by readers of the stream. The log shows everything (I1), so projections, exports and
the relay see all events, and an aggregate is folded from the whole stream. An archived stream is left out of lists and
is otherwise as before. A tombstoned one takes no more events, for ever; that is itself an event, the stream's last.

It has a few more than 200 lines because every operator's verb on a stream stands here with its check.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from msgspec import Struct

from events.arguments import arguments, check_name
from events.envelope import Appended, Expected, NewEvent, StreamId, StreamWrite
from events.exceptions import InvalidEvent, StreamTombstoned
from events.identifiers import check_stream
from events.sql.statements import statement
from events.store.append import append_prepared
from events.store.connection import live_cursor
from events.store.prepared import prepare
from events.types.stream_closed import StreamClosed
from kit.arguments import MAX_REASON, is_storable

MAX_AGE = timedelta(days=36_500)
MAX_COUNT = 2**62
MAX_TITLE = 255
MAX_ACTOR = 255


class StreamMetadata(Struct, frozen=True, kw_only=True):
    """What is said about a stream."""

    stream: StreamId
    title: str | None = None
    max_age: timedelta | None = None
    """Readers of the stream see no events that were recorded longer ago."""
    max_count: int | None = None
    """Readers of the stream see that many of its last events."""
    archived_at: datetime | None = None
    """Since when the stream is left out of lists."""
    tombstoned_at: datetime | None = None
    """Since when the stream takes no events any more."""
    reason: str = ""
    """Why it was archived, restored or tombstoned last."""
    updated_by: str = ""
    updated_at: datetime | None = None
    """`None` when nothing was ever said about the stream."""


class StreamSummary(Struct, frozen=True, kw_only=True):
    """A stream in a list."""

    stream: StreamId
    version: int
    started_at: datetime
    """When the first event was recorded."""
    title: str | None
    archived_at: datetime | None
    tombstoned_at: datetime | None


def get_stream_metadata(stream: StreamId, *, using: str = "default") -> StreamMetadata:
    """What is said about a stream; nothing is known of most, whether they have events or not."""
    check_name(stream)
    with live_cursor(using) as cursor:
        row = cursor.execute(statement("stream_metadata"), _names(stream)).fetchone()
    return _metadata(stream, row) if row else StreamMetadata(stream=stream)


def set_stream_metadata(
    stream: StreamId,
    *,
    title: str | None = None,
    max_age: timedelta | None = None,
    max_count: int | None = None,
    actor: str = "",
    using: str = "default",
) -> StreamMetadata:
    """Say title, maximum age and maximum count of a stream anew; what is left out is no longer said.

    The stream may have no events yet. Raises `InvalidEvent` for what cannot be said.
    """
    check_stream(stream)
    if title is not None:
        _check_text(title, "/title", MAX_TITLE)
    if max_age is not None and not timedelta(0) < max_age <= MAX_AGE:
        raise InvalidEvent("must be longer than nothing and at most 100 years", pointer="/max_age")
    if max_count is not None and not 1 <= max_count <= MAX_COUNT:
        raise InvalidEvent("must be 1 or more", pointer="/max_count")
    return _say(
        "set_stream_metadata", stream, using, title=title, max_age=max_age, max_count=max_count, actor=_actor(actor)
    )


def archive_stream(stream: StreamId, *, reason: str = "", actor: str = "", using: str = "default") -> StreamMetadata:
    """Leave a stream out of lists; it can be read and appended to as before."""
    return _archive(stream, archived=True, reason=reason, actor=actor, using=using)


def restore_stream(stream: StreamId, *, reason: str = "", actor: str = "", using: str = "default") -> StreamMetadata:
    """List an archived stream again. A tombstone stays: it is for ever."""
    return _archive(stream, archived=False, reason=reason, actor=actor, using=using)


def tombstone_stream(stream: StreamId, *, reason: str, actor: str = "", using: str = "default") -> StreamMetadata:
    """Close a stream for ever; from now on appends to it raise `StreamTombstoned`. What it holds stays readable.

    The last event of the stream says so (`stream.closed`), which is what makes this race with no append: of a
    tombstone and an append at once, the one that loses the version sees the other (see `append_one.sql`). A stream
    that was closed before stays as it is.
    """
    closed = NewEvent(payload=StreamClosed(reason=reason), user_id=_actor(actor) or None)
    with suppress(StreamTombstoned):
        close_stream(stream, closed, reason=reason, actor=actor, using=using)
    return get_stream_metadata(stream, using=using)


def close_stream(
    stream: StreamId,
    closed: NewEvent,
    *,
    reason: str,
    actor: str = "",
    any_source: bool = False,
    using: str = "default",
) -> Appended:
    """Close a stream for ever with this `stream.closed` of it, as an import does that takes over a whole log.

    `any_source` is that of `prepare`. A repetition is answered as `append_events` does. Raises `StreamTombstoned` when
    another event has closed it.
    """
    check_stream(stream)
    _check_text(reason, "/reason", MAX_REASON)
    write = StreamWrite(stream=stream, events=[closed], expected_version=Expected.ANY)
    with transaction.atomic(using=using):
        (appended,) = append_prepared([write], prepare([write], closing=True, any_source=any_source), using=using)
        if get_stream_metadata(stream, using=using).tombstoned_at is None:
            _say("tombstone_stream", stream, using, reason=reason, actor=_actor(actor))
    return appended


def list_streams(
    limit: int,
    *,
    aggregate_type: str | None = None,
    after: StreamId | None = None,
    archived: bool = False,
    using: str = "default",
) -> list[StreamSummary]:
    """Streams in the order of their names, without the archived ones unless these are wanted too.

    The next page begins `after` the last stream of the page before.
    """
    arguments.limit(limit)
    arguments.text("aggregate_type", aggregate_type)
    if after is not None:
        check_name(after)
    parameters = {
        "aggregate_type": aggregate_type,
        "after_type": after.aggregate_type if after else "",
        "after_id": after.aggregate_id if after else "",
        "archived": archived,
        "max_count": limit,
    }
    with live_cursor(using) as cursor:
        rows = cursor.execute(statement("streams"), parameters).fetchall()
    return [
        StreamSummary(
            stream=StreamId(kind, name),
            version=version,
            started_at=started_at,
            title=title,
            archived_at=archived_at,
            tombstoned_at=tombstoned_at,
        )
        for kind, name, version, started_at, title, archived_at, tombstoned_at in rows
    ]


def _archive(stream: StreamId, *, archived: bool, reason: str, actor: str, using: str) -> StreamMetadata:
    check_stream(stream)
    _check_text(reason, "/reason", MAX_REASON)
    return _say("archive_stream", stream, using, archived=archived, reason=reason, actor=_actor(actor))


def _say(name: str, stream: StreamId, using: str, **values: Any) -> StreamMetadata:
    with live_cursor(using) as cursor:
        row = cursor.execute(statement(name), _names(stream) | values).fetchone()
    return _metadata(stream, row or ())


def _names(stream: StreamId) -> dict[str, Any]:
    return {"aggregate_type": stream.aggregate_type, "aggregate_id": stream.aggregate_id}


def _metadata(stream: StreamId, row: tuple[Any, ...]) -> StreamMetadata:
    title, max_age, max_count, archived_at, tombstoned_at, reason, updated_by, updated_at = row
    return StreamMetadata(
        stream=stream,
        title=title,
        max_age=max_age,
        max_count=max_count,
        archived_at=archived_at,
        tombstoned_at=tombstoned_at,
        reason=reason,
        updated_by=updated_by,
        updated_at=updated_at,
    )


def _check_text(text: str, pointer: str, max_length: int) -> None:
    if len(text) > max_length:
        raise InvalidEvent(f"must have at most {max_length} characters", pointer=pointer)
    if not is_storable(text):
        raise InvalidEvent("must be Unicode without NUL", pointer=pointer)


def _actor(actor: str) -> str:
    _check_text(actor, "/actor", MAX_ACTOR)
    return actor
