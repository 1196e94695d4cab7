"""Proofs of time: what takes too long is repeated at the end of the run, and fails if it takes too long each time.

Once says little: what a neighbour on the same host takes from a virtual machine is not always counted, and a slow Nova
is slow each time. Where other processes of this machine had the processors to the last, the time says nothing of Nova,
and the summary says that it was not shown. The load of the test itself, of its servers and of what they start excuses
nothing. This is also the plugin of pytest that repeats.
"""

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

import psutil
import pytest
from msgspec import Struct

MAX_OTHERS = 0.1
"""Share of the machine's processors that others may use before a time says nothing."""
MAX_REPEATS = 3
REPEATED: Any = "repeated"
REPEATS = pytest.StashKey[int]()

T = TypeVar("T")


class NotShown(pytest.skip.Exception):  # type: ignore[misc, name-defined]
    """It took too long, on a machine that was busy with something else."""


class TooLong(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """It took too long, as far as is known by Nova's fault."""


class Reading(Struct, frozen=True, kw_only=True):
    """Seconds of processor that were used so far, in all and by this process and its descendants."""

    elapsed: float
    """Seconds that all processors could have worked."""
    busy: float
    own: float

    @classmethod
    def now(cls) -> "Reading":
        """Of this machine. What others take from a virtual machine counts as used."""
        times = psutil.cpu_times()._asdict()
        # Guests' time is part of that of users.
        elapsed = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
        return cls(elapsed=elapsed, busy=elapsed - times["idle"] - times.get("iowait", 0.0), own=_own())

    def share_of_others(self, later: "Reading") -> float:
        """Of the processors' time between the two, from 0 to 1."""
        elapsed = later.elapsed - self.elapsed
        others = (later.busy - self.busy) - (later.own - self.own)
        return min(1.0, max(0.0, others / elapsed)) if elapsed > 0 else 0.0


def _own() -> float:
    """Of this process and its descendants, also those that have ended and were waited for."""
    this = psutil.Process()
    used = 0.0
    for process in (this, *this.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def prove(measure: Callable[[], T], holds: Callable[[T], bool], *, read: Callable[[], Reading] = Reading.now) -> T:
    """What was measured, if it holds. Raises `NotShown` if it does not and others were busy, else `TooLong`."""
    before = read()
    figures = measure()
    others = before.share_of_others(read())
    if holds(figures):
        return figures
    measured = f"measured {figures} (seconds), while other processes used {others:.0%} of the processors"
    if others > MAX_OTHERS:
        raise NotShown(f"NOT SHOWN, the machine was busy: {measured}")
    raise TooLong(measured)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Repeat at the end of the run what took too long."""
    report = yield
    repeats = item.stash.get(REPEATS, 0)
    if call.excinfo is not None and isinstance(call.excinfo.value, NotShown | TooLong) and repeats < MAX_REPEATS:
        item.stash[REPEATS] = repeats + 1
        # The loop over the session's items goes on with what is added to them.
        item.session.items.append(item)
        report.outcome = REPEATED
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """How a test is shown that comes again."""
    return (REPEATED, "L", "REPEATED LATER") if report.outcome == REPEATED else None
