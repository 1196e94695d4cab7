"""Replay: all events, each stream in order, in constant memory."""

import threading
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from events.api import (
    NewEvent,
    RecordedEvent,
    ReplayFailed,
    StreamId,
    Untyped,
    append_events,
    last_position,
    replay,
    stream_events,
    stream_log,
)
from tests.support.events import new_stream

pytestmark = pytest.mark.usefixtures("committed_db")


def fill(streams: int, each: int, *, size: int = 0) -> list[StreamId]:
    names = [new_stream("note") for _ in range(streams)]
    for start in range(0, each, 1_000):
        for name in names:
            append_events(
                name,
                start,
                [
                    NewEvent(payload=Untyped("note.taken", {"number": number, "filling": "x" * size}))
                    for number in range(start, min(start + 1_000, each))
                ],
            )
    return names


def test_a_long_log_and_a_long_stream_are_read_whole_and_in_order() -> None:
    stream, _ = fill(2, 2_500)
    log = list(stream_log())
    middle = log[1_499].position
    assert [event.position for event in log] == sorted(event.position for event in log)
    assert len(log) == 5_000
    assert [event.version for event in stream_events(stream)] == list(range(1, 2_501))
    assert [event.version for event in stream_events(stream, 2_400, page=7)] == list(range(2_400, 2_501))
    assert [event.position for event in stream_log(page=1_000, until=middle)] == [e.position for e in log[:1_500]]


@pytest.mark.parametrize("lanes", [1, 4])
def test_every_event_is_handled_once_and_each_stream_in_order(lanes: int) -> None:
    streams = fill(20, 100)
    append_events(new_stream("tea"), 0, [NewEvent(payload=Untyped("tea.brewed", {}))])
    seen: dict[StreamId, list[int]] = defaultdict(list)
    threads = set()

    def handle(event: RecordedEvent) -> None:
        seen[event.stream].append(event.version)
        threads.add(threading.current_thread())

    done = replay({"note.taken": handle}, workers=lanes)

    assert (done.events, done.position) == (2_000, last_position())
    assert seen == {stream: list(range(1, 101)) for stream in streams}
    assert len(threads) == lanes


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_failure_names_its_event_and_ends_the_replay(lanes: int) -> None:
    fill(8, 500)
    handled = []

    def handle(event: RecordedEvent) -> None:
        if event.version == 3:
            raise ZeroDivisionError
        handled.append(event)

    with pytest.raises(ReplayFailed) as failed:
        replay({"note.taken": handle}, workers=lanes)

    assert failed.value.event.version == 3
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert len(handled) < 4_000
    assert [t.name for t in threading.enumerate() if t.name.startswith("replay")] == []


def test_a_replay_begins_after_a_position_or_at_a_time() -> None:
    stream = new_stream("note")
    times = [datetime(2025, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    append_events(stream, 0, [NewEvent(payload=Untyped("note.taken", {}), timestamp=time) for time in times])
    seen: list[int] = []
    handlers = {"note.taken": lambda event: seen.append(event.version)}
    replay(handlers, after=1)
    replay(handlers, since=times[2])
    assert seen == [2, 3, 3]


def test_a_reader_that_stops_early_leaves_nothing_behind() -> None:
    fill(1, 3_000)
    log = stream_log(page=10)
    next(log)
    log.close()  # type: ignore[attr-defined]
    assert [t.name for t in threading.enumerate() if t.name.startswith("replay")] == []


def with_one_worker(until: int) -> None:
    for _ in stream_log(until=until):
        pass


def with_three_workers(_: int) -> None:
    replay({"note.taken": lambda _: None}, workers=3)


def collecting(until: int) -> None:
    """A planted fault: a reader that has the whole log before it begins."""
    for _ in list(stream_log(until=until)):
        pass


@pytest.mark.parametrize(("events", "more"), [(5_000, 10_000), pytest.param(6_000, 24_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_log(events: int, more: int) -> None:
    """Pages and replay workers hold a few thousand events, of which the log has more, and then many more."""
    readers = [with_one_worker, with_three_workers, collecting]
    fill(10, events // 10, size=200)
    before = {read: peak(read, events) for read in readers}
    fill(10, more // 10, size=200)
    grows = {read: peak(read, events + more) > 1.5 * before[read] + 2_000_000 for read in readers}
    assert grows == {with_one_worker: False, with_three_workers: False, collecting: True}


def peak(read: Callable[[int], None], until: int) -> int:
    """The most bytes that were in use at once."""
    tracemalloc.start()
    read(until)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
