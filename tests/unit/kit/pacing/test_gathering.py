"""Gathering: how long a batch is waited for follows from how the last one went."""

from kit.pacing.gathering import Gathering


def after(took: float, *, is_full: bool = False) -> Gathering:
    """What follows from a batch that ended at 100 seconds."""
    return Gathering(quick=0.006, longest=0.025).after_batch(began=100.0 - took, ended=100.0, is_full=is_full)


def test_what_comes_first_waits_for_nothing() -> None:
    assert Gathering().pause(0.0) == Gathering().pause(100.0) == 0.0


def test_after_a_quick_batch_nothing_waits() -> None:
    assert after(0.004).pause(100.0) == 0.0


def test_after_a_slow_one_what_comes_waits_twice_as_long_as_that_took_within_the_bound() -> None:
    assert round(after(0.01).pause(100.001), 6) == 0.02
    assert after(3.0).pause(100.001) == 0.025


def test_after_a_large_one_nothing_waits_however_slow_it_was() -> None:
    assert after(0.5, is_full=True).pause(100.001) == 0.0


def test_after_a_silence_nothing_waits() -> None:
    assert after(0.015).pause(100.199) > 0.0
    assert after(0.015).pause(100.2) == 0.0


def test_a_quick_batch_ends_the_gathering() -> None:
    slow = after(0.02)

    assert slow.after_batch(began=100.1, ended=100.103, is_full=False).pause(100.104) == 0.0
