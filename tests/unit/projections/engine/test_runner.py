"""Each projection is looked at after its own while, unless a wake-up can be heard."""

import pytest

from projections.definition.policy import Policy
from projections.definition.projection import Projection
from projections.engine.engine import Outcome, Pass
from projections.engine.runner import Turn

NOTHING = Pass(outcome=Outcome.CURRENT)


class Patient(Projection):
    name = "patient"
    policy = Policy(sync_interval=0.05)


def pauses(turn: Turn, *results: Pass, is_listening: bool) -> list[float]:
    """How long the projection rests after each of these passes."""
    found = []
    for result in results:
        turn.count(result, 100.0, is_listening=is_listening)
        found.append(round(turn.due_at - 100.0, 3))
    return found


def test_without_wake_ups_no_rest_is_longer_than_the_sync_interval():
    rests = pauses(Turn(Patient(), 0.5), *[NOTHING] * 8, is_listening=False)
    assert rests == [0.005, 0.01, 0.02, 0.04, 0.05, 0.05, 0.05, 0.05]


def test_with_wake_ups_they_grow_up_to_the_runners_own():
    assert pauses(Turn(Patient(), 0.5), *[NOTHING] * 9, is_listening=True)[-2:] == [0.5, 0.5]


@pytest.mark.parametrize("is_listening", [True, False])
def test_work_and_more_of_it_are_followed_soon(is_listening):
    turn = Turn(Patient(), 0.5)
    pauses(turn, *[NOTHING] * 8, is_listening=is_listening)
    advanced = Pass(outcome=Outcome.ADVANCED, applied=1)
    more = Pass(outcome=Outcome.ADVANCED, applied=1, more=True)
    assert pauses(turn, advanced, more, is_listening=is_listening) == [0.005, 0.0]


def test_a_wake_up_ends_the_rest():
    turn = Turn(Patient(), 0.5)
    pauses(turn, *[NOTHING] * 8, is_listening=True)
    turn.wake()
    assert turn.due_at < 0
    assert pauses(turn, NOTHING, is_listening=True) == [0.005]


def test_settings_give_another_interval(settings):
    settings.NOVA_PROJECTIONS = {"patient": {"sync_interval": 0.01}}
    assert pauses(Turn(Patient(), 0.5), *[NOTHING] * 4, is_listening=False)[-1] == 0.01


def at(position: int | None, *, nothing: int = 0) -> Turn:
    """A projection whose last pass came to a position, and which was looked at so often since without anything new."""
    turn = Turn(Patient(), 0.5)
    reached = Pass(outcome=Outcome.CURRENT, position=position)
    pauses(turn, Pass(outcome=Outcome.ADVANCED, applied=1, position=position), *[reached] * nothing, is_listening=True)
    return turn


def test_what_is_up_to_date_is_left_alone_until_there_is_more_to_read():
    assert at(7).is_current(7)
    assert at(7).is_current(6)
    assert not at(7).is_current(8)


def test_nobody_is_taken_for_up_to_date_whose_place_is_not_known():
    assert not Turn(Patient(), 0.5).is_current(0)
    assert not at(None).is_current(7)
    assert not at(7).is_current(None)


def test_now_and_then_it_is_looked_at_all_the_same():
    assert at(7, nothing=6).is_current(7)
    assert not at(7, nothing=8).is_current(7)
