"""Of writers that race for a version one wins; nobody loses an event (I2)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from events.api import Appended, Expected, StreamId, VersionConflict, append_events, get_events, uuid7
from tests.support.events import new_event, new_stream

RACERS = 8
pytestmark = pytest.mark.usefixtures("committed_db")


def race(attempt: Callable[[int], Appended]) -> list[Appended | VersionConflict]:
    """The outcome of each of several threads that start at the same moment."""
    start = Barrier(RACERS)

    def run(number: int) -> Appended | VersionConflict:
        try:
            connection.ensure_connection()
            start.wait()
            return attempt(number)
        except VersionConflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def versions(stream: StreamId) -> list[int]:
    return [event.version for event in get_events(stream)]


@pytest.mark.parametrize("_", range(5))
def test_of_writers_with_one_expected_version_one_wins(_: int) -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event()])

    outcomes = race(lambda number: append_events(stream, 1, [new_event(str(number)), new_event()]))

    conflicts = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
    assert len(conflicts) == RACERS - 1
    assert {(conflict.expected, conflict.actual) for conflict in conflicts} == {(1, 3)}
    assert versions(stream) == [1, 2, 3]


@pytest.mark.parametrize("_", range(5))
def test_writers_that_expect_nothing_all_get_in(_: int) -> None:
    stream = new_stream()
    outcomes = race(lambda number: append_events(stream, Expected.ANY, [new_event(str(number)) for _ in range(3)]))
    assert all(isinstance(outcome, Appended) for outcome in outcomes)
    assert versions(stream) == list(range(1, 3 * RACERS + 1))


@pytest.mark.parametrize("_", range(5))
def test_one_event_sent_by_several_at_once_is_recorded_once(_: int) -> None:
    stream, event = new_stream(), new_event(event_id=uuid7())
    outcomes = race(lambda _number: append_events(stream, Expected.ANY, [event]))
    answers = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
    assert len(answers) == RACERS
    assert len({answer.positions for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * (RACERS - 1)
    assert versions(stream) == [1]
