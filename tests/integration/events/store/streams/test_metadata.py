"""Stream metadata: what readers see of a stream, which streams are listed, and which take no more events."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from msgspec import Struct

from events.api import (
    BatchWriter,
    Expected,
    InvalidEvent,
    NewEvent,
    StreamId,
    StreamTombstoned,
    StreamWrite,
    Untyped,
    append_events,
    append_streams,
    archive_stream,
    get_events,
    get_stream_metadata,
    list_streams,
    load_events_range,
    read_log,
    restore_stream,
    set_stream_metadata,
    stream_version,
    tombstone_stream,
    uuid7,
)
from events.types.stream_closed import StreamClosed
from tests.support.database import rows
from tests.support.events import new_event, new_stream
from tests.support.outbox import eventually


def versions(stream: StreamId, **options: Any) -> list[int]:
    return [event.version for event in get_events(stream, **options)]


@pytest.mark.django_db
class TestLimits:
    def test_readers_of_a_stream_see_as_many_of_its_last_events_as_it_says(self) -> None:
        stream = new_stream()
        append_events(stream, 0, [new_event() for _ in range(5)])
        set_stream_metadata(stream, max_count=2)

        assert versions(stream) == [4, 5]
        assert versions(stream, backwards=True) == [5, 4]
        assert [event.version for event in load_events_range(stream, 2, 4)] == [4]
        assert stream_version(stream) == 5

        append_events(stream, 5, [new_event()])
        assert versions(stream) == [5, 6]

    def test_whoever_needs_the_whole_stream_gets_it(self) -> None:
        stream = new_stream()
        append_events(stream, 0, [new_event() for _ in range(3)])
        set_stream_metadata(stream, max_count=1, max_age=timedelta(microseconds=1))
        assert versions(stream) == []
        assert versions(stream, whole=True) == [1, 2, 3]
        assert versions(stream, whole=True, backwards=True) == [3, 2, 1]

    def test_events_recorded_longer_ago_than_the_maximum_age_are_not_seen(self) -> None:
        stream = new_stream()
        append_events(stream, 0, [new_event()])
        set_stream_metadata(stream, max_age=timedelta(hours=1))
        assert versions(stream) == [1]
        set_stream_metadata(stream, max_age=timedelta(microseconds=1))
        assert versions(stream) == []

    def test_what_is_left_out_is_no_longer_said(self) -> None:
        stream = new_stream()
        said = set_stream_metadata(stream, title="Receipts", max_age=timedelta(days=2), max_count=3, actor="ann")
        assert (said.title, said.max_age, said.max_count, said.updated_by) == (
            "Receipts",
            timedelta(days=2),
            3,
            "ann",
        )
        assert get_stream_metadata(stream) == said
        assert set_stream_metadata(stream).max_count is None

    @pytest.mark.parametrize(
        ("said", "pointer"),
        [
            ({"max_count": 0}, "/max_count"),
            ({"max_count": 2**63}, "/max_count"),
            ({"max_age": timedelta(0)}, "/max_age"),
            ({"max_age": timedelta.max}, "/max_age"),
            ({"title": "x" * 256}, "/title"),
            ({"title": "\0"}, "/title"),
        ],
    )
    def test_what_cannot_be_said_is_refused(self, said: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidEvent) as refused:
            set_stream_metadata(new_stream(), **said)
        assert refused.value.pointer == pointer

    def test_two_streams_with_one_id_are_described_apart(self) -> None:
        one = new_stream("post")
        other = StreamId("comment", one.aggregate_id)
        set_stream_metadata(one, title="a post")
        assert get_stream_metadata(other).title is None


@pytest.mark.django_db
class TestLists:
    def test_streams_are_listed_in_pages_without_archived_ones(self) -> None:
        streams = [StreamId(kind, str(number)) for kind in ("comment", "post") for number in range(5)]
        for stream in streams:
            append_events(stream, 0, [new_event(), new_event()])
        archive_stream(streams[2], reason="old", actor="ann")

        def listed(**options: Any) -> list[StreamId]:
            seen: list[StreamId] = []
            while page := list_streams(2, after=seen[-1] if seen else None, **options):
                seen += [summary.stream for summary in page]
            return seen

        assert listed() == [stream for stream in streams if stream != streams[2]]
        assert listed(archived=True) == streams
        assert listed(aggregate_type="post") == streams[5:]
        assert {summary.version for summary in list_streams(10)} == {2}
        assert versions(streams[2]) == [1, 2]

        restore_stream(streams[2], reason="needed again")
        assert listed() == streams

    def test_archiving_twice_keeps_the_first_time(self) -> None:
        stream = new_stream()
        first = archive_stream(stream, reason="a")
        second = archive_stream(stream, reason="b")
        assert (second.archived_at, second.reason) == (first.archived_at, "b")


@pytest.mark.django_db
class TestTombstones:
    def test_a_closed_stream_takes_no_more_events_and_can_be_read(self) -> None:
        stream = new_stream()
        append_events(stream, 0, [new_event("a")])
        closed = tombstone_stream(stream, reason="wrong customer", actor="ann")

        for expected in (Expected.ANY, Expected.STREAM_EXISTS, 2, 1, 0):
            with pytest.raises(StreamTombstoned) as refused:
                append_events(stream, expected, [new_event("b")])
        assert (refused.value.stream, refused.value.since, refused.value.reason) == (
            stream,
            closed.tombstoned_at,
            "wrong customer",
        )
        first, last = get_events(stream)
        assert (first.payload.caption, last.event_type, last.user_id) == ("a", "stream.closed", "ann")  # type: ignore[attr-defined]

    def test_a_closed_stream_stays_closed(self) -> None:
        stream = new_stream()
        first = tombstone_stream(stream, reason="one")
        assert tombstone_stream(stream, reason="two") == first
        restore_stream(stream, reason="please")
        with pytest.raises(StreamTombstoned):
            append_events(stream, Expected.ANY, [new_event()])
        assert stream_version(stream) == 1

    @pytest.mark.parametrize("payload", [StreamClosed(reason="x"), Untyped("stream.closed", {"reason": "x"})])
    def test_nothing_but_a_tombstone_says_that_a_stream_is_closed(self, payload: Struct) -> None:
        stream, forged = new_stream(), NewEvent(payload=payload)
        with pytest.raises(InvalidEvent) as refused:
            append_events(stream, Expected.ANY, [new_event(), forged])
        assert refused.value.pointer == "/1/event_type"
        with BatchWriter() as writer, pytest.raises(InvalidEvent):
            writer.append(stream, Expected.ANY, [forged])
        assert versions(stream) == []

    def test_of_several_streams_one_that_is_closed_refuses_all(self) -> None:
        closed, other = new_stream(), new_stream()
        tombstone_stream(closed, reason="x")
        with pytest.raises(StreamTombstoned):
            append_streams([StreamWrite(stream=s, events=[new_event()]) for s in (other, closed)])
        assert versions(other) == []

    def test_a_repetition_gets_its_first_answer_although_the_stream_was_closed(self) -> None:
        stream, event = new_stream(), new_event(event_id=uuid7())
        first = append_events(stream, 0, [event])
        tombstone_stream(stream, reason="x")
        again = append_events(stream, 0, [event])
        assert again.replayed
        assert again.positions == first.positions

    def test_an_open_transaction_goes_on_after_the_refusal(self) -> None:
        closed, other = new_stream(), new_stream()
        tombstone_stream(closed, reason="x")
        with transaction.atomic():
            with pytest.raises(StreamTombstoned):
                append_events(closed, Expected.ANY, [new_event()])
            append_events(other, 0, [new_event()])
        assert versions(other) == [1]


@pytest.fixture
def in_thread(committed_db: None) -> Iterator[Any]:
    """Runs something beside the test; what it returned or raised is had by calling the result."""
    threads = []

    def start(work: Any) -> Any:
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append(work())
            except Exception as error:
                outcome.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)

        def result() -> Any:
            thread.join()
            return outcome[0]

        return result

    yield start
    for thread in threads:
        thread.join()


def await_blocked() -> None:
    """Wait until some other transaction waits for this one."""
    eventually(lambda: rows("SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"))


def test_an_append_that_meets_a_tombstone_in_flight_waits_and_is_refused(in_thread: Any) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event()])
    with transaction.atomic():
        tombstone_stream(stream, reason="x")
        late = in_thread(lambda: append_events(stream, Expected.ANY, [new_event()]))
        await_blocked()
    assert isinstance(late(), StreamTombstoned)
    assert versions(stream) == [1, 2]


def test_a_tombstone_that_meets_an_append_in_flight_comes_after_it(in_thread: Any) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event()])
    with transaction.atomic():
        append_events(stream, Expected.ANY, [new_event()])
        closing = in_thread(lambda: tombstone_stream(stream, reason="x"))
        await_blocked()
    assert closing().tombstoned_at is not None
    assert [event.event_type for event in get_events(stream)][2:] == ["stream.closed"]


def test_however_appends_and_a_tombstone_race_nothing_comes_after_it(in_thread: Any) -> None:
    stream = new_stream()
    ready = threading.Barrier(5)

    def append_on() -> int:
        ready.wait()
        for number in range(200):
            try:
                append_events(stream, Expected.ANY, [new_event()])
            except StreamTombstoned:
                return number
        return 200

    appenders = [in_thread(append_on) for _ in range(4)]
    ready.wait()
    eventually(lambda: get_events(stream, limit=1))
    closed = tombstone_stream(stream, reason="enough")
    version = stream_version(stream)
    written = sum(appender() for appender in appenders)

    assert closed.tombstoned_at is not None
    events = get_events(stream)
    assert (len(events), events[-1].event_type) == (version, "stream.closed")
    assert version == written + 1
    assert len(read_log(0, 1_000).events) == version
