"""How is an aggregate's stream loaded without reading again what was read before?

What is recorded never changes, so a cached stream is right as far as it goes. How far it goes is asked of the database
at every load: the tail is read from the last cached event on, and that event must be the same there. So a cache that is
stale, evicted or flushed costs time and changes nothing, and neither does a database that was restored or emptied.

A process keeps the events that it loaded last; behind it, all processes share Redis: `events:{aggregate_id}`, a hash
with one field per aggregate type and format, so that streams of two types with one id stay apart, and so do releases.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import redis
import structlog
from django.db import connections
from msgspec import Struct

from events.conf import EventsConf, events_conf
from events.envelope import RecordedEvent, StreamId
from events.sql.statements import statement
from events.store.connection import live_cursor
from events.store.reading.page_byte_limit import json_bytes
from events.store.reading.queries import MAX_BIGINT
from events.store.reading.rows import Row, recorded_events
from kit.redis import redis_client

log = structlog.get_logger(__name__)

TIMEOUT = 0.2  # seconds
RECONNECT_AFTER = 1.0
# Redis is told of a longer stream when it lacks so many events, or a tenth; one beyond the bytes stays in PostgreSQL.
LACKING = 100
MAX_ENTRY_BYTES = 4 * 1024 * 1024
UUID_CODE = 1
# Of the rows in Redis: raised with the columns of the reading statements, so that no release reads another's rows.
FORMAT = 2


class Beginning(Struct, frozen=True):
    """The first events of a stream."""

    events: tuple[RecordedEvent, ...] = ()
    bytes: int = 0
    """About how much JSON they come to."""


class StreamCache:
    """The streams that this process has loaded last, up to a number of events and of bytes in all. Safe for threads."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        """An empty one."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._streams: OrderedDict[tuple[str, StreamId], Beginning] = OrderedDict()
        self._events = self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, StreamId]) -> Beginning:
        """The first events of a stream, as far as they are known."""
        with self._lock:
            if key in self._streams:
                self._streams.move_to_end(key)
            return self._streams.get(key, _NOTHING)

    def put(self, key: tuple[str, StreamId], beginning: Beginning) -> None:
        """Keep the first events of a stream; what was not used for longest makes room."""
        with self._lock:
            self._drop(self._streams.pop(key, _NOTHING))
            self._streams[key] = beginning
            self._events += len(beginning.events)
            self._bytes += beginning.bytes
            while self._events > self._max_events or self._bytes > self._max_bytes:
                _, dropped = self._streams.popitem(last=False)
                self._drop(dropped)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._streams.clear()
            self._events = self._bytes = 0

    def _drop(self, beginning: Beginning) -> None:
        self._events -= len(beginning.events)
        self._bytes -= beginning.bytes


class SharedStreams:
    """Streams in Redis. Whatever happens to it, loads go on without."""

    def __init__(self, redis_url: str, *, ttl: int) -> None:
        """The connection is made when it is needed."""
        self._client = redis_client(redis_url, timeout=TIMEOUT)
        self._ttl = ttl
        self._not_before = 0.0

    def get(self, stream: StreamId) -> list[Row]:
        """The rows of a stream's first events, as far as they are known."""
        if time.monotonic() < self._not_before:
            return []
        try:
            entry = self._client.hget(_key(stream), _field(stream))
        except redis.RedisError as error:
            self._fail(error)
            return []
        return _decoded(entry) if isinstance(entry, bytes) else []

    def put(self, stream: StreamId, rows: Sequence[Row]) -> None:
        """Keep the rows of a stream's first events."""
        entry = _encoded(rows)
        if len(entry) > MAX_ENTRY_BYTES or time.monotonic() < self._not_before:
            return
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                pipeline.hset(_key(stream), _field(stream), entry)
                pipeline.expire(_key(stream), self._ttl)
                pipeline.execute()
        except redis.RedisError as error:
            self._fail(error)

    def forget(self, stream: StreamId) -> None:
        """Drop a stream. Raises `redis.RedisError` when that cannot be done."""
        self._client.hdel(_key(stream), _field(stream))

    def _fail(self, error: redis.RedisError) -> None:
        self._not_before = time.monotonic() + RECONNECT_AFTER
        log.warning("streams are loaded without their cache", error=type(error).__name__)


_NOTHING = Beginning()


def load_stream(stream: StreamId, *, after: int = 0, using: str = "default") -> Sequence[RecordedEvent]:
    """All events of a stream after a version, in order: never less than was committed when the load began.

    The stream is loaded whole, whatever its maximum age and count. Events are shared with other loads and must not be
    changed. A load inside an open transaction sees that transaction's own events too, and keeps none of them.
    """
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
    if known:
        if tail and tail[0][1] == known[-1].event_id:
            tail = tail[1:]
        else:
            # Another history: the database was restored or emptied since.
            beginning, known, tail = _NOTHING, (), _tail(stream, 1, using)
    events = (*known, *recorded_events(tail))
    if _sees_only_committed(using):
        local.put(key, Beginning(events, beginning.bytes + json_bytes(tail)))
        if shared is not None and len(tail) > min(LACKING, len(events) // 10):
            before = _range(stream, 1, known[-1].version, using) if known else []
            shared.put(stream, [*before, *tail])
    return events[after:] if after else events


def forget_stream(stream: StreamId, *, using: str = "default") -> None:
    """Drop a stream from this process and from Redis. Raises `redis.RedisError` when Redis cannot be told."""
    conf = events_conf()
    _local(conf.stream_cache_events, conf.stream_cache_bytes).put((using, stream), _NOTHING)
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


def _key(stream: StreamId) -> str:
    return f"events:{stream.aggregate_id}"


def _field(stream: StreamId) -> str:
    return f"{stream.aggregate_type}:{FORMAT}"


def _encoded(rows: Sequence[Row]) -> bytes:
    return _ENCODER.encode(
        [
            [msgspec.msgpack.Ext(UUID_CODE, value.bytes) if isinstance(value, UUID) else value for value in row]
            for row in rows
        ]
    )


def _decoded(entry: bytes) -> list[Row]:
    try:
        rows: list[Row] = _DECODER.decode(entry)
    except msgspec.MsgspecError:
        return []
    return rows


def _uuid(_code: int, data: memoryview) -> UUID:
    return UUID(bytes=bytes(data))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[tuple[Any, ...]], ext_hook=_uuid)


@cache
def _local(max_events: int, max_bytes: int) -> StreamCache:
    return StreamCache(max_events=max_events, max_bytes=max_bytes)


def _shared(conf: EventsConf) -> SharedStreams | None:
    return _shared_at(conf.redis_url, conf.stream_cache_ttl) if conf.redis_url else None


@cache
def _shared_at(redis_url: str, ttl: int) -> SharedStreams:
    return SharedStreams(redis_url, ttl=ttl)
