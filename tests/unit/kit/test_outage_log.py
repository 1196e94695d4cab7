"""An outage is told at its beginning, twice a minute, and at its end, however many meet it."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from redis.exceptions import ConnectionError as RedisIsAway
from structlog.testing import capture_logs

from kit import outage_log
from kit.outage_log import OutageLog
from kit.outages import part_of


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outage(clock: Clock) -> OutageLog:
    return OutageLog("database", clock=clock)


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    # One that nobody has used yet: a logger stays with the processors that it first met.
    monkeypatch.setattr(outage_log, "log", structlog.get_logger())
    with capture_logs() as lines:
        yield lines


def test_of_hundreds_of_failures_a_few_lines_are_written(outage: OutageLog, clock: Clock, lines: list[Any]) -> None:
    for _ in range(304):
        outage.lost(ConnectionError("refused\nby the server"), group="feed-service")
        clock.now += 0.125
    outage.found()
    outage.found()

    assert [(line["event"], line["log_level"], line["failures"]) for line in lines] == [
        ("database is away", "warning", 1),
        ("database is away", "warning", 241),
        ("database is back", "info", 304),
    ]
    assert lines[0]["reason"] == "ConnectionError: refused"
    assert lines[0]["group"] == "feed-service"
    assert lines[2]["seconds"] == pytest.approx(38)


def test_what_comes_and_goes_is_not_told_each_time(outage: OutageLog, clock: Clock, lines: list[Any]) -> None:
    for _ in range(20):
        outage.lost("refused")
        outage.found()
        clock.now += 1

    assert [line["event"] for line in lines] == ["database is away", "database is back"]


def test_the_next_outage_is_told(outage: OutageLog, clock: Clock, lines: list[Any]) -> None:
    for _ in range(2):
        outage.lost("refused")
        clock.now += 60
        outage.found()

    assert [line["event"] for line in lines] == ["database is away", "database is back"] * 2


def test_nothing_is_said_of_what_nobody_has_missed(outage: OutageLog, lines: list[Any]) -> None:
    outage.found()
    assert lines == []


def test_an_error_says_which_part_was_away() -> None:
    assert part_of(RedisIsAway()) == "redis"
    assert part_of(TimeoutError()) == "TimeoutError"
