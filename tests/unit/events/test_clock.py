"""Clocks rise along every causal chain, whatever the processes do and however messages travel."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from msgspec import Struct

from events.clock import HIGHEST_RECEIVED, LamportClock, clock_of


class Happened(Struct, frozen=True):
    """An event of a simulated history, and all that happened before it as far as its process could know."""

    clock: int
    before: frozenset[int]


class Process:
    """Appends events and takes notice of those of others."""

    def __init__(self, clock: LamportClock) -> None:
        self.clock = clock
        self.known: frozenset[int] = frozenset()


# (process, None) appends; (process, n) learns of the n-th event of the history, modulo how many there are.
STEPS = st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 30)), max_size=60)


def live(steps: Sequence[tuple[int, int | None]], clock: type[LamportClock] = LamportClock) -> list[Happened]:
    processes = [Process(clock()) for _ in range(4)]
    history: list[Happened] = []
    for number, learns in steps:
        process = processes[number]
        if learns is None:
            history.append(Happened(process.clock.tick(), process.known))
            process.known |= {len(history) - 1}
        elif history:
            place = learns % len(history)
            process.clock.witness(history[place].clock)
            process.known |= history[place].before | {place}
    return history


def in_order(history: Sequence[Happened]) -> bool:
    return all(history[cause].clock < event.clock for event in history for cause in event.before)


@given(steps=STEPS)
def test_an_event_has_a_greater_clock_than_all_that_its_process_could_know_of(
    steps: list[tuple[int, int | None]],
) -> None:
    assert in_order(live(steps))


class Deaf(LamportClock):
    """The planted fault: it takes no notice."""

    def witness(self, seen: int) -> None:
        pass


class Forgetful(LamportClock):
    """The planted fault: what it learns takes the place of what it knew."""

    def witness(self, seen: int) -> None:
        self._value = seen


@pytest.mark.parametrize("clock", [Deaf, Forgetful])
def test_a_clock_that_does_not_listen_is_found_out(clock: type[LamportClock]) -> None:
    assert find(STEPS, lambda steps: not in_order(live(steps, clock)))


def test_the_search_finds_nothing_against_the_real_clock() -> None:
    with pytest.raises(NoSuchExample):
        find(STEPS, lambda steps: not in_order(live(steps)), settings=settings(max_examples=200))


def test_threads_never_share_a_tick() -> None:
    clock = LamportClock()

    def work(number: int) -> list[int]:
        ticks = []
        for step in range(2_000):
            clock.witness(number * step)
            ticks.append(clock.tick())
        return ticks

    with ThreadPoolExecutor(8) as pool:
        ticks = list(pool.map(work, range(8)))

    assert all(own == sorted(own) for own in ticks)
    assert len({tick for own in ticks for tick in own}) == 8 * 2_000


def test_an_event_is_later_than_what_its_maker_has_seen() -> None:
    clock = LamportClock()

    assert [clock.tick(seen=10), clock.tick(seen=3), clock.tick()] == [11, 12, 13]


def test_a_forked_process_goes_on_although_its_parent_was_just_counting() -> None:
    clock = LamportClock(7)
    clock._lock.acquire()

    clock.after_fork()

    assert clock.tick() == 8


@pytest.mark.parametrize("clock", [None, "7", 7.0, True, -1, HIGHEST_RECEIVED + 1, [1]])
def test_what_is_no_clock_counts_as_none(clock: Any) -> None:
    assert clock_of({"clock": clock}) == 0
    assert clock_of({}) == 0
    assert clock_of({"clock": HIGHEST_RECEIVED}) == HIGHEST_RECEIVED


def test_a_made_up_clock_stops_nobody_from_counting() -> None:
    clock = LamportClock(5)

    clock.witness(2**60)

    assert clock.tick() == 6
