"""The explorer finds nothing in what is sound, and every planted fault; what it finds is small and can be replayed."""

import re

import pytest
from msgspec import structs

from sagas.explorer.explore import explore, replay
from sagas.explorer.world import Violated, World
from sagas.machine import backward, forward, machine
from sagas.machine.instance import StepStatus
from tests.support.trip_world import A_TRIP
from tests.support.trips import FLIGHT, HOTEL, TRIP

SEQUENTIAL = structs.replace(
    A_TRIP, saga=structs.replace(TRIP, name="sequential", stages=(HOTEL, FLIGHT, *TRIP.stages[2:]))
)
WITHIN = 10_000


def found(scenario, **options) -> Violated:
    with pytest.raises(Violated) as violated:
        explore(scenario, schedules=WITHIN, name="TRIP", **options)
    return violated.value


@pytest.mark.parametrize("scenario", [A_TRIP, SEQUENTIAL], ids=["parallel", "in turn"])
def test_nothing_is_found_in_what_is_sound(scenario):
    assert explore(scenario, schedules=300) >= 290


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [A_TRIP, SEQUENTIAL], ids=["parallel", "in turn"])
def test_nothing_is_found_in_ten_thousand_schedules(scenario):
    assert explore(scenario, schedules=WITHIN) >= 0.95 * WITHIN


def test_a_good_day_is_all_zeros():
    assert replay(A_TRIP, []).instance.status == "completed"


def test_what_is_found_is_small_and_can_be_replayed(monkeypatch):
    monkeypatch.setattr(backward, "needs_undoing", lambda *_: False)
    violated = found(A_TRIP)

    assert re.fullmatch("it is compensated, and step (flight|hotel) is left", violated.what)
    assert len(violated.story) < 30
    *_, test = "\n".join(violated.story).partition("def test_")
    choices = [int(one) for one in test.partition("[")[2].partition("]")[0].split(",")]
    with pytest.raises(Violated, match=violated.what):
        replay(A_TRIP, choices)
    monkeypatch.undo()
    replay(A_TRIP, choices)


def test_compensation_in_forward_order_is_found(monkeypatch):
    monkeypatch.setattr(backward, "reversed", tuple, raising=False)

    assert found(SEQUENTIAL).what == "step hotel is undone before step flight, which came after it"


def test_compensation_of_what_never_ran_is_found(monkeypatch):
    needs_undoing = backward.needs_undoing

    def whatever(step, state):
        return needs_undoing(step, state) or (step.compensation is not None and state.status is StepStatus.PENDING)

    monkeypatch.setattr(backward, "needs_undoing", whatever)

    assert found(SEQUENTIAL).what == "step flight is undone and never ran"


def test_a_timer_that_is_not_cancelled_is_found(monkeypatch):
    class Forgetful(World):
        def cancel(self, transition):
            """Leave the timers be."""

    monkeypatch.setattr(machine, "_is_for", lambda *_: True)

    assert found(A_TRIP, world=Forgetful).what


def test_replies_that_count_twice_are_found(monkeypatch):
    class Trusting(World):
        def is_known(self, message_id):
            return False

    monkeypatch.setattr(forward, "waits", lambda *_: True)

    assert found(A_TRIP, world=Trusting).what


def test_state_that_is_saved_after_sending_is_found():
    class Hasty(World):
        def commit(self, transition, *, crash):
            self.send(transition)
            if crash:
                return False
            self.store(transition)
            return True

    assert found(A_TRIP, world=Hasty).what
