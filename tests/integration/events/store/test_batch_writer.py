"""The batch writer: many callers, one statement, and each gets its own answer."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from events.api import (
    Appended,
    BatchWriter,
    Expected,
    InvalidEvent,
    StreamTombstoned,
    StreamWrite,
    Unavailable,
    VersionConflict,
    append_events,
    event_context,
    get_events,
    stream_version,
    tombstone_stream,
    uuid7,
)
from events.store.append import append_prepared
from tests.support.database import rows
from tests.support.events import new_event, new_stream

pytestmark = pytest.mark.usefixtures("committed_db")

REFUSED = 3


def write(stream: Any, expected: int = Expected.ANY, **fields: Any) -> StreamWrite:
    return StreamWrite(stream=stream, expected_version=expected, events=[new_event(**fields)])


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Any:
    """How many events each statement has brought to the store."""
    sizes: list[int] = []

    def counted(writes: Any, prepared: Any, *, using: str) -> Any:
        sizes.append(sum(map(len, prepared)))
        return append_prepared(writes, prepared, using=using)

    monkeypatch.setattr("events.store.batch_writer.append_prepared", counted)
    return sizes


def test_many_callers_share_a_statement_and_each_gets_its_own_versions(statements: list[int]) -> None:
    streams = [new_stream() for _ in range(10)]
    with BatchWriter(max_events=100, max_delay=10) as writer:
        answers = [writer.submit([write(streams[number % 10])]) for number in range(100)]
        appended = [answer.result(10)[0] for answer in answers]

    assert statements == [100]
    for place, stream in enumerate(streams):
        own = [answer for number, answer in enumerate(appended) if number % 10 == place]
        assert [answer.version for answer in own] == list(range(1, 11))
        assert [answer.event_ids[0] for answer in own] == [event.event_id for event in get_events(stream)]
        assert [answer.positions[0] for answer in own] == [event.position for event in get_events(stream)]


def test_a_few_events_are_written_when_the_time_is_up(statements: list[int]) -> None:
    with BatchWriter(max_events=1_000, max_delay=0.05) as writer:
        assert writer.append(new_stream(), 0, [new_event()]).version == 1
    assert statements == [1]


def test_the_refusal_of_one_caller_is_nobody_elses() -> None:
    closed, taken, fine = new_stream(), new_stream(), [new_stream() for _ in range(6)]
    tombstone_stream(closed, reason="x")
    append_events(taken, 0, [new_event()])
    with BatchWriter(max_events=8, max_delay=10) as writer:
        conflict = writer.submit([write(taken, 0)])
        refused = writer.submit([write(closed)])
        others = [writer.submit([write(stream, 0)]) for stream in fine]

        error = conflict.exception(10)
        assert isinstance(error, VersionConflict)
        assert (error.stream, error.expected, error.actual) == (taken, 0, 1)
        assert isinstance(refused.exception(10), StreamTombstoned)
        assert [answer.result(10)[0].version for answer in others] == [1] * 6


def test_of_callers_with_one_expected_version_one_wins() -> None:
    stream = new_stream()
    with BatchWriter(max_events=5, max_delay=10) as writer:
        answers = [writer.submit([write(stream, 0)]) for _ in range(5)]
        outcomes = [answer.exception(10) for answer in answers]
    assert outcomes[0] is None
    assert [(error.expected, error.actual) for error in outcomes[1:]] == [(0, 1)] * 4  # type: ignore[union-attr]
    assert stream_version(stream) == 1


def test_a_repetition_is_answered_as_the_first_time_also_within_one_batch() -> None:
    stream, event_id = new_stream(), uuid7()
    with BatchWriter(max_events=3, max_delay=10) as writer:
        answers = [writer.submit([write(stream, event_id=event_id)]) for _ in range(2)]
        other = writer.submit([write(new_stream())])
        first, second = (answer.result(10)[0] for answer in answers)
        assert other.result(10)[0].version == 1
    assert (first.replayed, second.replayed) == (False, True)
    assert first.positions == second.positions


def test_several_streams_of_one_caller_are_appended_to_together_or_not_at_all() -> None:
    taken, other = new_stream(), new_stream()
    append_events(taken, 0, [new_event()])
    with BatchWriter(max_events=2, max_delay=10) as writer:
        refused = writer.submit([write(other), write(taken, 0)])
        assert isinstance(refused.exception(10), VersionConflict)
    assert get_events(other) == []


def test_what_cannot_be_an_event_is_refused_at_once_and_blanks_are_filled_by_the_callers_context() -> None:
    stream = new_stream()
    with BatchWriter(max_delay=0.01) as writer:
        with pytest.raises(InvalidEvent):
            writer.append(stream, 0, [new_event(user_id="")])
        with event_context(user_id="ann"):
            writer.append(stream, 0, [new_event()])
    assert [event.user_id for event in get_events(stream)] == ["ann"]


def test_nobody_is_answered_before_the_commit() -> None:
    stream = new_stream()
    with BatchWriter(max_delay=0) as writer:
        with transaction.atomic():
            append_events(stream, 0, [new_event()])
            answer = writer.submit([write(stream)])
            with pytest.raises(TimeoutError):
                answer.result(0.2)
        assert answer.result(10)[0].version == 2


def test_a_closed_writer_has_written_everything_and_takes_no_more() -> None:
    stream = new_stream()
    writer = BatchWriter(max_events=10_000, max_delay=60)
    answers = [writer.submit([write(stream)]) for _ in range(50)]
    writer.close()
    assert sorted(answer.result(0)[0].version for answer in answers) == list(range(1, 51))
    with pytest.raises(Unavailable):
        writer.submit([write(stream)])


def test_a_lost_database_is_told_to_every_caller_and_the_next_batch_finds_it_again() -> None:
    stream = new_stream()
    with BatchWriter(max_events=3, max_delay=10) as writer, transaction.atomic():
        append_events(stream, 0, [new_event()])
        answers = [writer.submit([write(stream)]), *(writer.submit([write(new_stream())]) for _ in range(2))]
        waiting: list[Any] = []
        while not waiting:
            waiting = rows(
                "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
        rows("SELECT pg_terminate_backend(%s, 10000)", waiting[0][0])
        assert [type(answer.exception(10)) for answer in answers] == [Unavailable] * 3
        again = [writer.submit([write(new_stream())]) for _ in range(3)]
        assert [answer.result(10)[0].version for answer in again] == [1] * 3
    assert stream_version(stream) == 1


def test_threads_that_append_through_one_writer_lose_nothing() -> None:
    streams = [new_stream() for _ in range(5)]

    def run(number: int) -> Appended | VersionConflict:
        try:
            return writer.append(streams[number % 5], Expected.ANY, [new_event(str(number)), new_event()])
        finally:
            connection.close()

    with BatchWriter(max_delay=0.005) as writer, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(run, range(200)))
    assert all(isinstance(answer, Appended) for answer in answers)
    assert [stream_version(stream) for stream in streams] == [80] * 5


def test_a_caller_that_went_away_harms_nobody() -> None:
    with BatchWriter(max_events=2, max_delay=10) as writer:
        gone: Future[Any] = writer.submit([write(new_stream())])
        gone.cancel()
        assert writer.submit([write(new_stream())]).result(10)[0].version == 1


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_writer_that_was_made_before_a_fork_refuses_instead_of_waiting_for_ever() -> None:
    with BatchWriter(max_delay=0) as writer:
        child = os.fork()
        if not child:
            try:
                writer.submit([write(new_stream())]).result(5)
            except Unavailable:
                writer.close()
                os._exit(REFUSED)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert writer.append(new_stream(), Expected.ANY, [new_event()]).version == 1
    assert os.waitstatus_to_exitcode(status) == REFUSED
