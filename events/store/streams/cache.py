"""Stream cache: an aggregate's stream is loaded without reading again what was read before.

What is recorded never changes, so a cached stream is right as far as it goes. How far it goes is asked of the database
at every load: the tail is read from the last cached event on, and that event must be the same there. So a cache that is
stale, evicted or flushed costs time and changes nothing, and neither does a database that was restored or emptied.

A process keeps the events that it loaded last (`local_streams`); behind it, all processes share Redis
(`shared_streams`).
"""

from collections.abc import Sequence
from functools import cache

from django.db import connections

from events.arguments import arguments, check_name
from events.conf import EventsConf, events_conf
from events.envelope import RecordedEvent, StreamId
from events.sql.columns import RECORDED_COLUMNS
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.reading.page_byte_limit import json_bytes
from events.store.reading.rows import Row, recorded_events
from events.store.streams.local_streams import NOTHING, Beginning, LocalStreams
from events.store.streams.shared_streams import SharedStreams
from kit.arguments import MAX_BIGINT

# Redis is told of a longer stream when it lacks so many events, or a tenth.
MIN_LACKING = 100
EVENT_ID = RECORDED_COLUMNS.index("event_id")


def load_stream(stream: StreamId, *, after: int = 0, using: str = "default") -> Sequence[RecordedEvent]:
    """All events of a stream after a version, in order: never less than was committed when the load began.

    The stream is loaded whole, whatever its maximum age and count. Events are shared with other loads and must not be
    changed. A load inside an open transaction sees that transaction's own events too, and keeps none of them.
    """
    check_name(stream)
    arguments.number("after", after, most=MAX_BIGINT - 1)
    conf = events_conf()
    if not conf.stream_cache_events:
        return recorded_events(_tail(stream, after + 1, using))
    local, key = _local(conf.stream_cache_events, conf.stream_cache_bytes), (using, stream)
    beginning = local.get(key)
    if not beginning.events and after:
        # A snapshot needs the tail only; loading what is before it, for the cache alone, would not pay.
        return recorded_events(_tail(stream, after + 1, using))
    shared = _shared(conf)
    if not beginning.events and shared is not None:
        rows = shared.get(stream)
        beginning = Beginning(tuple(recorded_events(rows)), json_bytes(rows))
    known = beginning.events
    tail = _tail(stream, known[-1].version if known else 1, using)
    if known and is_same_history(known, tail):
        tail = tail[1:]
    elif known:
        beginning, known, tail = NOTHING, (), _tail(stream, 1, using)
    events = (*known, *recorded_events(tail))
    if _sees_only_committed(using):
        local.put(key, Beginning(events, beginning.bytes + json_bytes(tail)))
        if shared is not None and len(tail) > min(MIN_LACKING, len(events) // 10):
            before = _range(stream, 1, known[-1].version, using) if known else []
            shared.put(stream, [*before, *tail])
    return events[after:] if after else events


def is_same_history(known: Sequence[RecordedEvent], tail: Sequence[Row]) -> bool:
    """Whether the stream's rows from the last known event on begin with that very event.

    If not, the database was restored or emptied since.
    """
    return bool(tail) and tail[0][EVENT_ID] == known[-1].event_id


def forget_stream(stream: StreamId, *, using: str = "default") -> None:
    """Drop a stream from this process and from Redis. Raises `redis.RedisError` when Redis cannot be told."""
    conf = events_conf()
    _local(conf.stream_cache_events, conf.stream_cache_bytes).put((using, stream), NOTHING)
    if (shared := _shared(conf)) is not None:
        shared.forget(stream)


def _sees_only_committed(using: str) -> bool:
    connection = connections[using]
    return not connection.in_atomic_block and connection.get_autocommit()


def _tail(stream: StreamId, first: int, using: str) -> list[Row]:
    return _range(stream, first, MAX_BIGINT, using)


def _range(stream: StreamId, first: int, last: int, using: str) -> list[Row]:
    parameters = {
        "aggregate_type": stream.aggregate_type,
        "aggregate_id": stream.aggregate_id,
        "from_version": first,
        "to_version": last,
        "max_count": None,
        "whole": True,
    }
    with live_cursor(using) as cursor:
        return cursor.execute(statement("stream_forwards"), parameters).fetchall()


@cache
def _local(max_events: int, max_bytes: int) -> LocalStreams:
    return LocalStreams(max_events=max_events, max_bytes=max_bytes)


def _shared(conf: EventsConf) -> SharedStreams | None:
    return _shared_at(conf.redis_url, conf.stream_cache_ttl) if conf.redis_url else None


@cache
def _shared_at(redis_url: str, ttl: int) -> SharedStreams:
    return SharedStreams(redis_url, ttl=ttl)
