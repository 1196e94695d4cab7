"""Loading aggregates' streams: a cache that is stale, evicted, flushed or away changes nothing but time."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import redis
from django.db import connection, transaction

from events.api import (
    Expected,
    RecordedEvent,
    StreamId,
    append_events,
    forget_stream,
    get_events,
    load_stream,
    set_stream_metadata,
)
from events.conf import events_conf
from events.store.streams import cache as stream_cache
from events.store.streams.local_streams import Beginning, LocalStreams
from events.store.streams.shared_streams import FORMAT
from tests.support.database import empty_all_tables
from tests.support.events import new_event, new_stream

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def server(redis_url: str) -> Iterator[redis.Redis]:
    forget_process()
    client = redis.Redis.from_url(redis_url)
    yield client
    client.close()
    forget_process()


def forget_process() -> None:
    """What a new process knows: nothing."""
    of_this_process().clear()


def of_this_process() -> LocalStreams:
    conf = events_conf()
    return stream_cache._local(conf.stream_cache_events, conf.stream_cache_bytes)


def captions(events: Sequence[RecordedEvent]) -> list[str]:
    return [event.payload.caption for event in events]  # type: ignore[attr-defined]


def load_unchecked(stream: StreamId) -> Sequence[RecordedEvent]:
    """The planted fault: what is cached is taken for the stream."""
    return of_this_process().get(("default", stream)).events or load_stream(stream)


@pytest.mark.parametrize(("load", "right"), [(load_stream, True), (load_unchecked, False)])
def test_a_load_has_all_that_was_committed_when_it_began(load: Any, right: bool) -> None:
    stream, always = new_stream(), True
    for number in range(10):
        append_events(stream, number, [new_event(str(number))])
        always &= captions(load(stream)) == [str(n) for n in range(number + 1)]
    assert always is right


@pytest.mark.parametrize("lost", ["nothing", "process", "redis", "both"])
def test_whatever_is_lost_a_load_is_the_stream(lost: str, server: redis.Redis) -> None:
    stream = new_stream()
    for number in range(0, 30, 3):
        append_events(stream, number, [new_event(str(number + n)) for n in range(3)])
        if lost in {"process", "both"}:
            forget_process()
        if lost in {"redis", "both"}:
            server.flushdb()
        assert list(load_stream(stream)) == get_events(stream)
        assert list(load_stream(stream, after=number)) == get_events(stream, number + 1)


def test_another_process_finds_the_stream_in_redis(server: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event(str(n)) for n in range(50)])
    expected = get_events(stream)
    load_stream(stream)
    assert server.hkeys(f"events:{stream.aggregate_id}") == [f"post:{FORMAT}".encode()]
    assert 0 < server.ttl(f"events:{stream.aggregate_id}") <= events_conf().stream_cache_ttl
    forget_process()

    read: list[int] = []
    whole = stream_cache._range

    def counted(*arguments: Any) -> Any:
        rows = whole(*arguments)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(stream_cache, "_range", counted)
    assert list(load_stream(stream)) == expected
    assert list(load_stream(stream)) == expected
    # The last cached event, to see that it is still the same, and nothing else.
    assert read == [1, 1]


def test_streams_of_two_types_with_one_id_stay_apart() -> None:
    post = new_stream("post")
    comment = StreamId("comment", post.aggregate_id)
    append_events(post, 0, [new_event("a")])
    append_events(comment, 0, [new_event("b"), new_event("c")])
    for _ in range(2):
        assert captions(load_stream(post)) == ["a"]
        assert captions(load_stream(comment)) == ["b", "c"]
        forget_process()


def test_what_was_rolled_back_is_never_loaded() -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event("a")])
    load_stream(stream)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append_events(stream, 1, [new_event("never")])
        assert captions(load_stream(stream)) == ["a", "never"]
        raise ZeroDivisionError
    append_events(stream, 1, [new_event("b")])
    assert captions(load_stream(stream)) == ["a", "b"]


@pytest.mark.parametrize("keeps_redis", [True, False])
def test_a_database_with_another_history_is_believed(keeps_redis: bool) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event("a"), new_event("b"), new_event("c")])
    load_stream(stream)
    if keeps_redis:
        forget_process()
    empty_all_tables()
    assert load_stream(stream) == () or list(load_stream(stream)) == []
    append_events(stream, 0, [new_event("x"), new_event("y"), new_event("z")])
    assert captions(load_stream(stream)) == ["x", "y", "z"]


def test_loads_go_on_when_redis_is_away(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    stream = new_stream()
    append_events(stream, 0, [new_event("a")])
    assert captions(load_stream(stream)) == ["a"]


def test_rubbish_in_redis_is_no_stream(server: redis.Redis) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event("a")])
    server.hset(f"events:{stream.aggregate_id}", f"post:{FORMAT}", b"\xff\xff")
    assert captions(load_stream(stream)) == ["a"]


def test_the_cache_can_be_switched_off_and_a_stream_forgotten(settings: Any, server: redis.Redis) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event("a")])
    load_stream(stream)
    forget_stream(stream)
    assert server.keys("events:*") == []
    settings.NOVA_STREAM_CACHE_EVENTS = 0
    assert captions(load_stream(stream)) == ["a"]
    assert server.keys("events:*") == []


def test_a_fold_needs_the_whole_stream_whatever_its_readers_see() -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event("a"), new_event("b")])
    set_stream_metadata(stream, max_count=1)
    assert captions(load_stream(stream)) == ["a", "b"]


def test_what_was_not_used_for_longest_makes_room() -> None:
    streams = [new_stream() for _ in range(3)]
    for stream in streams:
        append_events(stream, 0, [new_event(), new_event()])
    for cache in (LocalStreams(max_events=4, max_bytes=1_000), LocalStreams(max_events=9, max_bytes=20)):
        for stream in streams[:2]:
            cache.put(("default", stream), Beginning(tuple(get_events(stream)), 10))
        cache.get(("default", streams[0]))
        cache.put(("default", streams[2]), Beginning(tuple(get_events(streams[2])), 10))
        assert [len(cache.get(("default", stream)).events) for stream in streams] == [2, 0, 2]


def test_a_stream_counts_by_what_it_comes_to_when_it_is_read(settings: Any) -> None:
    settings.NOVA_STREAM_CACHE_BYTES = 200_000
    stream = new_stream()
    for number in range(1, 4):
        append_events(stream, Expected.ANY, [new_event("a" * 90_000)])
        load_stream(stream)
        kept = of_this_process().get(("default", stream))
        assert len(kept.events) == (number if number < 3 else 0)
        assert number * 90_000 < kept.bytes < number * 91_000 or number == 3


def test_loads_beside_an_appender_never_go_back() -> None:
    stream, done = new_stream(), threading.Event()
    committed, problems = [0], list[Any]()

    def load() -> None:
        try:
            while not done.is_set():
                before = committed[0]
                events = load_stream(stream)
                if len(events) < before or [e.version for e in events] != list(range(1, len(events) + 1)):
                    problems.append((before, len(events)))
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(150):
            append_events(stream, number, [new_event()])
            committed[0] = number + 1
            if not number % 10:
                forget_process()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert problems == []
