"""Figures of the dashboard: one function a panel; each asks a part that may not answer."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog
from django.db import DatabaseError, InterfaceError
from msgspec import Struct

from events.api import OpenAppend, Unavailable, last_position, open_appends, read_log, safe_position
from events.envelope import RecordedEvent
from nova.health.readiness import OK, readiness
from nova.services.feed.content_calls.switch import ContentCallState, content_call_state
from outbox.api import Backlog, backlog
from projections.api import ProjectionStatus, projection_statuses
from sagas.api import Standing, open_instances

# Beyond this nobody needs the exact number, and counting would take long.
COUNTED = 100_000
# How many of the newest events are shown, and of how many positions they are taken: positions have gaps.
NEWEST = 8
POSITIONS_READ = 50

log = structlog.get_logger(__name__)
_ValueT = TypeVar("_ValueT")


class Panel(Struct, Generic[_ValueT], frozen=True):
    """A value, or the fact that its part did not give one."""

    value: _ValueT | None

    @property
    def is_unavailable(self) -> bool:
        """Whether there is no value."""
        return self.value is None


class LogFigures(Struct, frozen=True, kw_only=True):
    """The event log."""

    last_position: int
    """Events appended, give or take the gaps of rolled-back appends; nothing is counted."""
    safe_position: int
    open_appends: Sequence[OpenAppend]
    """Who holds the safe position back."""

    @property
    def unsafe(self) -> int:
        """Positions that readers have to wait for."""
        return self.last_position - self.safe_position


class PartState(Struct, frozen=True, kw_only=True):
    """A service or a process."""

    name: str
    state: str

    @property
    def is_ok(self) -> bool:
        """Whether it works."""
        return self.state == OK


def log_figures() -> Panel[LogFigures]:
    """How long the log is, and how far it can be read."""

    def ask() -> LogFigures:
        # In this order: what is appended meanwhile is no lag.
        last, safe = last_position(), safe_position()
        return LogFigures(
            last_position=last, safe_position=min(safe, last), open_appends=open_appends() if safe < last else ()
        )

    return _panel("the log", ask)


def delivery_figures() -> Panel[Backlog]:
    """What waits, and what is stuck."""
    return _panel("the outbox", lambda: backlog(COUNTED))


def projection_figures() -> Panel[Sequence[ProjectionStatus]]:
    """How far behind the projections are."""
    return _panel("the projections", projection_statuses)


def saga_figures() -> Panel[Sequence[Standing]]:
    """How many sagas that have not ended stand where, those first that wait for an operator."""

    def ask() -> Sequence[Standing]:
        return sorted(open_instances(), key=lambda standing: not standing.status.is_stuck)

    return _panel("the sagas", ask)


def content_calls() -> Panel[ContentCallState]:
    """Where feeds read posts."""
    return _panel("the feeds", content_call_state)


def newest_events() -> Panel[Sequence[RecordedEvent]]:
    """The end of the log, newest first."""

    def ask() -> Sequence[RecordedEvent]:
        page = read_log(max(0, last_position() - POSITIONS_READ), POSITIONS_READ)
        return page.events[::-1][:NEWEST]

    return _panel("the newest events", ask)


def part_states() -> list[PartState]:
    """Services and processes, as readiness sees them."""
    return [PartState(name=name, state=outcome.state) for name, outcome in readiness().outcomes.items()]


def _panel(name: str, ask: Callable[[], _ValueT]) -> Panel[_ValueT]:
    try:
        return Panel(ask())
    except (DatabaseError, InterfaceError, Unavailable) as error:
        log.warning("a panel of the overview is empty", panel=name, error=type(error).__name__)
        return Panel(None)
