"""A thousand appenders at once: no version lost, none doubled, and every failure tells both versions (I2)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from events.api import Appended, Expected, StreamId, VersionConflict, append_events, get_events, stream_version
from tests.support.database import rows
from tests.support.events import new_event, new_stream

APPENDERS = 1_000
THREADS = 32
pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]


def run_all(attempt: Callable[[int], Any]) -> list[Any]:
    """The outcomes of a thousand attempts by a pool of threads, each of which closes its connection at the end."""
    numbers = iter(range(APPENDERS))

    def work(_: int) -> list[Any]:
        try:
            return [attempt(number) for number in numbers]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return [outcome for share in pool.map(work, range(THREADS)) for outcome in share]


def exactly(stream: StreamId) -> tuple[Appended, list[VersionConflict]]:
    """Append behind the last version, as often as others are faster."""
    conflicts: list[VersionConflict] = []
    while True:
        expected = conflicts[-1].actual if conflicts else 0
        try:
            return append_events(stream, expected, [new_event()]), conflicts
        except VersionConflict as conflict:
            conflicts.append(conflict)


def test_a_thousand_that_name_the_version_get_one_each() -> None:
    stream = new_stream()
    outcomes = run_all(lambda _: exactly(stream))

    assert sorted(answer.version for answer, _ in outcomes) == list(range(1, APPENDERS + 1))
    for _, conflicts in outcomes:
        for conflict in conflicts:
            assert conflict.stream == stream
            assert conflict.actual > conflict.expected >= 0
    assert [event.version for event in get_events(stream)] == list(range(1, APPENDERS + 1))


def test_a_thousand_that_expect_nothing_all_get_in() -> None:
    stream = new_stream()
    outcomes = run_all(lambda _: append_events(stream, Expected.ANY, [new_event()]))
    assert sorted(answer.version for answer in outcomes) == list(range(1, APPENDERS + 1))
    assert stream_version(stream) == APPENDERS


def test_a_thousand_on_a_thousand_streams_do_not_meet() -> None:
    streams = [new_stream() for _ in range(APPENDERS)]
    outcomes = run_all(lambda number: append_events(streams[number], 0, [new_event(), new_event()]))
    assert {(answer.first_version, answer.version) for answer in outcomes} == {(1, 2)}
    found = Counter(dict(rows("SELECT aggregate_id, count(*) FROM domain_events GROUP BY 1")))
    assert found == Counter({stream.aggregate_id: 2 for stream in streams})
