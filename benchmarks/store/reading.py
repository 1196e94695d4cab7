"""Read throughput: streams are loaded and the log is replayed, as typed events."""

import queue
import threading
from collections.abc import Sequence
from itertools import islice
from typing import Any

import msgspec
import psycopg

from benchmarks import raw
from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from events.api import Expected, StreamId, append_events, get_events, stream_log
from nova.services.content.events import ContentPostCreated

STREAM, LOADS = 1_000, 30
LOG = 30_000


class _RawEvent(msgspec.Struct, frozen=True):
    position: int
    event_id: object
    event_type: str
    schema_version: int
    source_service: str
    aggregate_type: str
    aggregate_id: str
    version: int
    timestamp: str
    created_at: str
    correlation_id: object
    causation_id: object
    user_id: str | None
    metadata: dict[str, Any]
    payload: ContentPostCreated
    content_hash: bytes


def measures(url: str) -> list[Measure]:
    """All measures of reading."""
    client = raw.connect(url)
    streams = [written_stream(STREAM) for _ in range(LOG // STREAM)]
    client.execute("INSERT INTO raw_events OVERRIDING SYSTEM VALUE SELECT * FROM domain_events")
    client.execute("SELECT setval(pg_get_serial_sequence('raw_events', 'position'), max(position)) FROM raw_events")
    client.execute("VACUUM ANALYZE raw_events")
    client.execute("VACUUM ANALYZE domain_events")
    return [
        Measure(
            name="load_stream_1000",
            unit="events/s",
            goal=0.8,
            raw=lambda: rate(lambda: sum(_raw_load(client, streams[n % len(streams)]) for n in range(LOADS))),
            nova=lambda: rate(lambda: sum(len(get_events(streams[n % len(streams)])) for n in range(LOADS))),
        ),
        Measure(
            name="replay_log",
            unit="events/s",
            goal=0.8,
            raw=lambda: rate(lambda: _raw_replay(client)),
            nova=lambda: rate(_nova_replay),
        ),
    ]


def written_stream(number: int) -> StreamId:
    """A new stream of so many events."""
    stream = new_stream()
    append_events(stream, Expected.NO_STREAM, [new_event() for _ in range(number)])
    return stream


def _raw_events(rows: Sequence[tuple[Any, ...]]) -> list[_RawEvent]:
    return [_RawEvent(*row[:13], _METADATA(row[13]), _PAYLOAD(row[14]), row[15]) for row in rows]  # type: ignore[call-arg]


def _raw_load(client: psycopg.Connection[Any], stream: StreamId) -> int:
    return len(_raw_events(client.execute(raw.LOAD, {"stream": stream.aggregate_id}).fetchall()))


def _raw_replay(client: psycopg.Connection[Any]) -> int:
    """Pages of 1 000 and a thread that reads ahead."""
    pages: queue.Queue[list[tuple[Any, ...]]] = queue.Queue(2)

    def read() -> None:
        after = 0
        while rows := client.execute(raw.PAGE, {"after": after}).fetchall():
            after = rows[-1][0]
            pages.put(rows)
        pages.put([])

    threading.Thread(target=read, daemon=True).start()
    count = 0
    while rows := pages.get():
        for _ in _raw_events(rows):
            count += 1
    return count


def _nova_replay() -> int:
    count = 0
    for _ in islice(stream_log(), LOG):
        count += 1
    return count


_METADATA = msgspec.json.Decoder(dict[str, Any]).decode
_PAYLOAD = msgspec.json.Decoder(ContentPostCreated).decode
