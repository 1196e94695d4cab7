"""How fast are streams loaded and the log replayed, as typed events?"""

from typing import Any

import msgspec
import psycopg

from benchmarks import raw
from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, rate
from events.api import Expected, StreamId, append_events, get_events, read_log
from events.domain.content import ContentPostCreated

STREAM, LOADS = 1_000, 30
LOG = 30_000


class _RawEvent(msgspec.Struct, frozen=True):
    position: int
    event_id: object
    version: int
    timestamp: object
    payload: ContentPostCreated


def measures(url: str) -> list[Measure]:
    """All measures of reading."""
    client = raw.connect(url)
    streams = [_written_stream() for _ in range(LOG // STREAM)]
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


def _written_stream() -> StreamId:
    stream = new_stream()
    append_events(stream, Expected.NO_STREAM, [new_event() for _ in range(STREAM)])
    return stream


def _raw_load(client: psycopg.Connection[Any], stream: StreamId) -> int:
    decode = msgspec.json.Decoder(ContentPostCreated).decode
    rows = client.execute(raw.LOAD, {"stream": stream.aggregate_id}).fetchall()
    return len([_RawEvent(row[0], row[1], row[2], row[3], decode(row[4])) for row in rows])


def _raw_replay(client: psycopg.Connection[Any]) -> int:
    decode = msgspec.json.Decoder(ContentPostCreated).decode
    after, count = 0, 0
    while rows := client.execute(raw.PAGE, {"after": after}).fetchall():
        events = [_RawEvent(row[0], row[1], row[4], row[6], decode(row[8])) for row in rows]
        after = events[-1].position
        count += len(events)
    return count


def _nova_replay() -> int:
    after, count = 0, 0
    while (page := read_log(after, 1_000)).position > after:
        after = page.position
        count += len(page.events)
    return count
