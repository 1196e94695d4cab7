"""Shared stream cache: rows of streams in Redis, for all processes, as `events:{aggregate_id}`.

That is a hash with one field per aggregate type and format, so that streams of two types with one id stay apart, and so
do releases that read other columns.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

import msgspec
import redis

from events.envelope import StreamId
from events.sql.columns import RECORDED_COLUMNS
from events.store.reading.rows import Row
from kit.outage_log import outage_log
from kit.redis import redis_client

TIMEOUT = 0.2  # seconds
RECONNECT_AFTER = 1.0
# A stream beyond the bytes stays in PostgreSQL.
MAX_ENTRY_BYTES = 4 * 1024 * 1024
UUID_CODE = 1
# Of the rows in Redis: another one with other columns.
FORMAT = f"{crc32(','.join(RECORDED_COLUMNS).encode()):08x}"


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
        outage_log("redis").lost(error, lost="the cache of streams")


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
