"""A time that is too long is measured again, and excused by the load of other processes only."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.proofs_of_time import MAX_REPEATS, NotShown, Reading, TooLong, prove


def readings(*, elapsed: float = 20.0, busy: float, own: float) -> Callable[[], Reading]:
    """Those before and after."""
    planted = iter((Reading(elapsed=100, busy=50, own=7), Reading(elapsed=100 + elapsed, busy=50 + busy, own=7 + own)))
    return lambda: next(planted)


@pytest.mark.parametrize(
    ("busy", "own", "share"),
    [(0, 0, 0.0), (20, 20, 0.0), (20, 0, 1.0), (12, 10, 0.1), (5, 6, 0.0), (25, 0, 1.0)],
)
def test_others_have_what_is_used_and_not_by_oneself(busy: float, own: float, share: float) -> None:
    read = readings(busy=busy, own=own)

    assert read().share_of_others(read()) == pytest.approx(share)


def test_without_a_moment_between_two_readings_nobody_had_anything() -> None:
    now = Reading(elapsed=1, busy=1, own=0)

    assert now.share_of_others(now) == 0


def test_what_holds_is_shown_whoever_is_busy() -> None:
    assert prove(lambda: 0.1, lambda took: took < 0.2, read=readings(busy=20, own=0)) == 0.1


def test_what_takes_too_long_beside_others_is_not_shown() -> None:
    with pytest.raises(NotShown, match=r"measured 0.3 .* other processes used 75% of the processors"):
        prove(lambda: 0.3, lambda took: took < 0.2, read=readings(busy=20, own=5))


@pytest.mark.parametrize(("busy", "own"), [(20, 20), (20, 18.1), (1, 0)])
def test_ones_own_load_is_no_excuse(busy: float, own: float) -> None:
    with pytest.raises(TooLong, match=r"measured 0.3"):
        prove(lambda: 0.3, lambda took: took < 0.2, read=readings(busy=busy, own=own))


def test_what_this_process_and_those_that_it_starts_use_is_its_own() -> None:
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    before = Reading.now()

    subprocess.run([sys.executable, "-IS", "-c", spin], check=True)
    ended = Reading.now()
    with subprocess.Popen(
        [sys.executable, "-IS", "-c", f"{spin}\nprint(flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as living:
        assert living.stdout is not None
        living.stdout.readline()
        running = Reading.now()
        living.communicate("\n")

    assert ended.own - before.own >= 0.45
    assert running.own - ended.own >= 0.45
    assert before.busy < ended.busy < running.busy
    assert before.elapsed < ended.elapsed < running.elapsed


TESTS = """
from tests.support.proofs_of_time import NotShown, TooLong

ran = []

def test_quick(): ran.append("quick")

def test_timed():
    ran.append("timed")
    if ran.count("timed") <= {times}:
        raise {error}("measured 0.3")
    {then}

def test_last():
    ran.append("last")
    assert ran == ["quick", "timed", "last"]
"""


@pytest.fixture
def outcomes(pytester: pytest.Pytester) -> Callable[..., dict[str, int]]:
    """How a run ends in which it takes too long the first so many times."""

    def run(times: int, error: type[BaseException] = NotShown, then: str = "pass") -> dict[str, int]:
        pytester.makepyfile(TESTS.format(times=times, error=error.__name__, then=then))
        arguments = ("-p", "no:django", "-p", "no:cacheprovider", "-p", "tests.support.proofs_of_time")
        return pytester.runpytest_inprocess(*arguments).parseoutcomes()

    return run


@pytest.mark.parametrize("error", [NotShown, TooLong])
def test_it_is_repeated_at_the_end_of_the_run(
    outcomes: Callable[..., dict[str, int]], error: type[BaseException]
) -> None:
    assert outcomes(1, error) == {"passed": 3, "repeated": 1}


def test_a_machine_that_stays_busy_leaves_it_unproved(outcomes: Callable[..., dict[str, int]]) -> None:
    assert outcomes(9, NotShown) == {"passed": 2, "skipped": 1, "repeated": MAX_REPEATS}


def test_what_takes_too_long_each_time_fails(outcomes: Callable[..., dict[str, int]]) -> None:
    assert outcomes(9, TooLong) == {"passed": 2, "failed": 1, "repeated": MAX_REPEATS}


def test_what_fails_otherwise_is_not_repeated(outcomes: Callable[..., dict[str, int]]) -> None:
    assert outcomes(1, then="assert False") == {"passed": 2, "failed": 1, "repeated": 1}
