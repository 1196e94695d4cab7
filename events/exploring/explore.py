"""Exploring the log: the newest events that fit a filter, page by page, in bounded time however long the log is.

The filter's most telling field with an index leads; the others are looked at in what that yields, so many events at a
time. Where few fit, a page ends before it is full and says up to where it has looked: from there it goes on. Nothing is
counted but what was looked at, and nothing is passed over by number.
"""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from events.arguments import arguments
from events.envelope import EventHead
from events.exploring.filters import FIELDS, LogFilter
from events.sql.columns import HEAD_COLUMNS
from events.sql.statements import statement
from events.store.connection import live_cursor
from kit.arguments import MAX_BIGINT

MAX_PAGE = 1_000
# How many events one statement looks at: few at first, then as many as the time that is left should do for. Those of
# an index may each lie on a page of their own, which has to be read, or all on a few that are in memory.
FIRST_SCAN, MAX_SCAN, GROWTH = 500, 20_000, 8
# Seconds that all statements of a page may take together, but for the first.
BUDGET = 0.12

# In this order: the first whose fields are all given leads.
_LEADERS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("event_id", ("event_id",)),
    ("stream", ("aggregate_type", "aggregate_id")),
    ("correlation", ("correlation_id",)),
    ("causation", ("causation_id",)),
    ("user", ("user_id",)),
    ("time", ("until",)),
    ("type", ("event_type",)),
    ("time", ("since",)),
    ("log", ()),
)


class Explored(Struct, frozen=True, kw_only=True):
    """A page of events, newest first; where a time leads, by when they happened."""

    events: list[EventHead]
    beyond: int | None
    """The position beyond which it goes on; None where there is no more."""
    complete: bool
    """Whether the page is full or the end was reached; otherwise it has only looked up to `beyond`."""
    looked_at: int
    """How many events it has looked at."""


def explore(which: LogFilter, *, limit: int, beyond: int | None = None) -> Explored:
    """The next page beyond a position that a page before has told. Raises `InvalidArgument`."""
    arguments.limit(limit, most=MAX_PAGE)
    arguments.number("beyond", beyond)
    leader, led_by = _leader(which)
    has_more_to_fit = any(
        getattr(which, name) is not None
        for name in FIELDS
        if name not in {*led_by, "from_position", "to_position", *(("since", "until") if leader == "time" else ())}
    )
    parameters = structs.asdict(which) | {
        "after": (which.from_position or 0) - 1,
    }
    beyond = MAX_BIGINT if beyond is None else beyond
    last = MAX_BIGINT if which.to_position is None else which.to_position + 1
    found: list[EventHead] = []
    looked_at, scan, deadline = 0, FIRST_SCAN if has_more_to_fit else limit, time.monotonic() + BUDGET
    while True:
        wanted = limit - len(found)
        began = time.monotonic()
        # By time, what follows may stand anywhere in the log.
        places = {"beyond": beyond, "before": last if leader == "time" else min(beyond, last)}
        looked, edge, heads = _look(leader, parameters | places | {"scan": scan, "limit": wanted})
        found += heads
        looked_at += looked
        if len(heads) == wanted:
            return Explored(events=found, beyond=found[-1].position, complete=True, looked_at=looked_at)
        if looked < scan:
            return Explored(events=found, beyond=None, complete=True, looked_at=looked_at)
        now = time.monotonic()
        if now > deadline:
            return Explored(events=found, beyond=edge, complete=False, looked_at=looked_at)
        beyond, scan = edge, next_scan(scan, taken=now - began, left=deadline - now)


def next_scan(scan: int, *, taken: float, left: float) -> int:
    """How many events to look at next, where `scan` of them have taken so many seconds and so many are left."""
    # Half of what the time would do for: what comes may lie worse.
    possible = int(scan * left / max(taken, 0.001) / 2)
    return max(min(possible, scan * GROWTH, MAX_SCAN), min(FIRST_SCAN, MAX_SCAN))


def types_of_aggregate_id(aggregate_id: str, limit: int) -> list[str]:
    """The types of the aggregates that bear an id, at most so many."""
    with live_cursor() as cursor:
        rows = cursor.execute(
            statement("types_of_aggregate_id"), {"aggregate_id": aggregate_id, "limit": limit}
        ).fetchall()
    return [name for (name,) in rows]


def _leader(which: LogFilter) -> tuple[str, tuple[str, ...]]:
    return next(
        (leader, names) for leader, names in _LEADERS if all(getattr(which, name) is not None for name in names)
    )


def _look(leader: str, parameters: dict[str, Any]) -> tuple[int, int, list[EventHead]]:
    """How many events were looked at, the position of the last of them, and those that fit."""
    with live_cursor() as cursor:
        rows = cursor.execute(statement(f"explore_{leader}"), parameters).fetchall()
    looked_at, edge = rows[0][:2]
    return (
        looked_at,
        edge or 0,
        [_head(row[2:]) for row in rows if row[2] is not None],
    )


def _head(columns: Sequence[Any]) -> EventHead:
    return EventHead(**dict(zip(HEAD_COLUMNS, columns, strict=True)))


def as_address(which: LogFilter) -> dict[str, str]:
    """The filter's fields as texts, as `filter_of` reads them."""
    return {name: str(value) for name, value in msgspec.to_builtins(which).items()}
