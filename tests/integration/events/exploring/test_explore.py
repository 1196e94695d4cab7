"""The log is explored page by page: each filter finds what a plain loop over all events finds, each of it once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from events.envelope import EventHead
from events.exploring import explore as exploring
from events.exploring.explore import explore
from events.exploring.filters import LogFilter
from events.exploring.following import read_heads
from events.models import DomainEvent

pytestmark = pytest.mark.usefixtures("db")

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = UUID(int=0)


@pytest.fixture
def log() -> list[EventHead]:
    """120 events of all kinds, whose times are not in the order of the log."""
    for n in range(120):
        event = NewEvent(
            payload=Untyped(f"note.{('taken', 'read', 'torn')[n % 3]}", {"n": n}),
            user_id=("ann", "bob", None)[n % 4 % 3],
            correlation_id=uuid5(NAMES, f"conversation {n % 5}"),
            causation_id=uuid5(NAMES, f"cause {n % 7}"),
            source_service=f"service-{n % 2}",
            timestamp=START + timedelta(minutes=(n * 37) % 120),
        )
        append_events(StreamId(("note", "page")[n % 2], f"n{n % 6}"), Expected.ANY, [event])
    return [
        EventHead(**{name: getattr(row, name) for name in EventHead.__struct_fields__})
        for row in DomainEvent.objects.order_by("-position")
    ]


FILTERS: dict[str, Callable[[list[EventHead]], LogFilter]] = {
    "all": lambda _: LogFilter(),
    "type": lambda _: LogFilter(event_type="note.torn"),
    "aggregate type": lambda _: LogFilter(aggregate_type="page"),
    "stream": lambda _: LogFilter(aggregate_type="page", aggregate_id="n3"),
    "user": lambda _: LogFilter(user_id="ann"),
    "source": lambda _: LogFilter(source_service="service-1"),
    "correlation": lambda _: LogFilter(correlation_id=uuid5(NAMES, "conversation 3")),
    "causation": lambda _: LogFilter(causation_id=uuid5(NAMES, "cause 3")),
    "event": lambda log: LogFilter(event_id=log[17].event_id),
    "since": lambda _: LogFilter(since=START + timedelta(minutes=70)),
    "until": lambda _: LogFilter(until=START + timedelta(minutes=33)),
    "a time": lambda _: LogFilter(since=START + timedelta(minutes=20), until=START + timedelta(minutes=80)),
    "positions": lambda log: LogFilter(from_position=log[80].position, to_position=log[20].position),
    "a time and positions": lambda log: LogFilter(
        until=START + timedelta(minutes=80), from_position=log[90].position, to_position=log[30].position
    ),
    "stream and positions": lambda log: LogFilter(
        aggregate_type="page", aggregate_id="n3", from_position=log[90].position, to_position=log[30].position
    ),
    "user and type": lambda _: LogFilter(user_id="bob", event_type="note.read"),
    "time and type": lambda _: LogFilter(until=START + timedelta(minutes=60), event_type="note.read"),
    "stream and time": lambda _: LogFilter(
        aggregate_type="note", aggregate_id="n2", since=START + timedelta(minutes=30)
    ),
    "everything": lambda log: LogFilter(
        event_type=log[5].event_type,
        aggregate_type=log[5].aggregate_type,
        aggregate_id=log[5].aggregate_id,
        source_service=log[5].source_service,
        correlation_id=log[5].correlation_id,
        causation_id=log[5].causation_id,
    ),
    "nothing": lambda _: LogFilter(user_id="nobody", event_type="note.read"),
}


def all_pages(which: LogFilter, limit: int) -> list[EventHead]:
    found: list[EventHead] = []
    beyond: int | None = None
    for _ in range(1_000):
        page = explore(which, limit=limit, beyond=beyond)
        assert len(page.events) <= limit
        found += page.events
        beyond = page.beyond
        if beyond is None:
            return found
    raise AssertionError("it never ends")


@pytest.mark.parametrize("limit", [1, 7, 1_000])
@pytest.mark.parametrize("name", FILTERS)
def test_pages_have_what_fits_once_and_in_order(log: list[EventHead], name: str, limit: int) -> None:
    which = FILTERS[name](log)

    found = all_pages(which, limit)

    expected = [head for head in log if which.fits(head)]
    by_time = exploring._leader(which)[0] == "time"
    if by_time:
        expected.sort(key=lambda head: (head.timestamp, head.position), reverse=True)
    assert found == expected


@pytest.mark.parametrize("name", FILTERS)
def test_where_little_is_looked_at_at_a_time_nothing_is_missed(
    log: list[EventHead], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "FIRST_SCAN", 2)
    monkeypatch.setattr(exploring, "MAX_SCAN", 3)
    monkeypatch.setattr(exploring, "BUDGET", -1.0)
    which = FILTERS[name](log)

    assert {head.position for head in all_pages(which, 5)} == {head.position for head in log if which.fits(head)}


def test_a_page_that_ran_out_of_time_says_up_to_where_it_has_looked(
    log: list[EventHead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "FIRST_SCAN", 10)
    monkeypatch.setattr(exploring, "BUDGET", -1.0)

    page = explore(LogFilter(source_service="nobody"), limit=5)

    assert (page.events, page.complete, page.looked_at) == ([], False, 10)
    assert page.beyond == log[9].position


@pytest.mark.parametrize(
    ("scan", "taken", "left", "expected"),
    [
        (500, 0.0001, 0.12, 4_000),
        (4_000, 0.005, 0.1, 20_000),
        (4_000, 0.1, 0.1, 2_000),
        (4_000, 5.0, 0.01, 500),
    ],
)
def test_as_many_are_looked_at_as_the_time_that_is_left_should_do_for(
    scan: int, taken: float, left: float, expected: int
) -> None:
    assert exploring.next_scan(scan, taken=taken, left=left) == expected


def test_nothing_is_passed_over_by_number(log: list[EventHead]) -> None:
    with CaptureQueriesContext(connection) as asked:
        all_pages(LogFilter(), 50)
    assert not [query["sql"] for query in asked if " OFFSET " in query["sql"].upper()]


def test_heads_are_followed_in_the_order_of_the_log_page_by_page(log: list[EventHead]) -> None:
    found: list[EventHead] = []
    after = 0
    while True:
        page = read_heads(after, 50)
        found += page.events
        after = page.position
        if not page.is_full:
            break

    assert found == log[::-1]
    assert read_heads(after, 50).events == []


@pytest.mark.parametrize(("limit", "beyond"), [(0, None), (1_001, None), (5, -1), (5, 2**63)])
def test_pages_that_cannot_be_are_refused(limit: int, beyond: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        explore(LogFilter(), limit=limit, beyond=beyond)
