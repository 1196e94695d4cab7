"""`manage.py sagas migrate`: instances go on with a changed definition, or stay and say why."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec import Struct, structs

from outbox.api import ConsumerGroup, Handler
from sagas.api import Parallel, Saga, fire_due, shape_of
from sagas.definition.registry import sagas
from sagas.engine.engine import advance
from sagas.models import SagaState, SagaTimer, SagaTransition
from tests.support.lives_of_trips import live
from tests.support.trips import (
    APPROVAL,
    CHARGE,
    FLIGHT,
    HOTEL,
    TICKETS,
    TRIP,
    Charged,
    FlightBooked,
    FlightFailed,
    HotelBooked,
    TicketsIssued,
    TripRequested,
)

pytestmark = pytest.mark.django_db

PLANE = structs.replace(FLIGHT, name="plane")
RENAMED = structs.replace(TRIP, stages=(APPROVAL, Parallel((HOTEL, PLANE)), CHARGE, TICKETS))


class Stricter(Struct, frozen=True, kw_only=True):
    """A trip that names who pays."""

    trip_id: str
    payer: str


@pytest.fixture
def deployed(trips: ConsumerGroup) -> Iterator[Any]:
    """Puts another definition in the place of the one that instances began with, whose code is gone."""
    present: list[Saga] = [TRIP]

    def deploy(saga: Saga) -> ConsumerGroup:
        sagas.forget(present.pop())
        present.append(sagas.register(saga))
        handler = Handler(name="trip", event_types="*", handle_batch=lambda events: advance(saga, events))
        return ConsumerGroup(name="travel", topics=("tests",), handlers=(handler,))

    yield deploy
    sagas.forget(present.pop())


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("sagas", "migrate", "trip", "--reason", "the flight is a plane", *arguments, stdout=out)
    return out.getvalue()


def test_an_instance_goes_on_under_the_new_names(trips: ConsumerGroup, deployed: Any) -> None:
    live(trips, "t", TripRequested, HotelBooked)
    group = deployed(RENAMED)

    assert "would go on" in run("--step", "flight=plane", "--dry-run")
    assert SagaState.objects.get().shape == shape_of(TRIP)
    assert run("--step", "flight=plane") == f"t ({shape_of(TRIP)}): goes on\n"

    assert set(SagaTimer.objects.values_list("step", flat=True)) == {"plane"}
    live(group, "t", FlightBooked, Charged, TicketsIssued)
    state = SagaState.objects.get()
    assert (state.status, state.shape) == ("completed", shape_of(RENAMED))
    assert state.state["steps"]["hotel"]["status"] == "done"
    kept = SagaTransition.objects.get(cause="operator")
    assert (kept.cause_type, kept.actor, kept.reason) == ("migrate", "manage.py", "the flight is a plane")
    assert run() == ""


def test_what_would_not_know_how_to_go_on_stays_and_says_why(trips: ConsumerGroup, deployed: Any) -> None:
    live(trips, "t", TripRequested)
    deployed(RENAMED)

    with pytest.raises(CommandError, match="1 stay as they are"):
        run()
    assert SagaState.objects.get().shape == shape_of(TRIP)
    assert SagaState.objects.get().version == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"stages": (APPROVAL, HOTEL, CHARGE)}, "step 'flight' is running, and there is none of that name"),
        ({"data": Stricter}, "its data do not fit at /: Object missing required field `payer`"),
        (
            {"stages": (APPROVAL, HOTEL, structs.replace(FLIGHT, replies=(), deadline=None), CHARGE)},
            "step 'flight' waits for a reply, and the present one has none",
        ),
    ],
)
def test_each_reason_is_told(
    trips: ConsumerGroup, deployed: Any, changes: dict[str, Any], why: str, capsys: Any
) -> None:
    live(trips, "t", TripRequested)
    deployed(structs.replace(TRIP, **changes))

    with pytest.raises(CommandError):
        call_command("sagas", "migrate", "trip", "--reason", "x")
    assert why in capsys.readouterr().out


def test_steps_do_not_become_one(trips: ConsumerGroup, deployed: Any, capsys: Any) -> None:
    live(trips, "t", TripRequested)
    deployed(RENAMED)

    with pytest.raises(CommandError):
        call_command("sagas", "migrate", "trip", "--reason", "x", "--step", "flight=hotel")
    assert "two of its steps would become one" in capsys.readouterr().out


def test_a_mapping_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="--step needs OLD=NEW"):
        run("--step", "flight")


def test_attempts_parked_replies_and_timers_go_along(trips: ConsumerGroup, deployed: Any) -> None:
    live(trips, "t", TripRequested, Charged, HotelBooked)
    fire_due(now=datetime.now(UTC) + timedelta(minutes=6))
    # The flight is asked for a second time, and the payment's reply has come early.
    before = SagaState.objects.get()
    assert before.state["steps"]["flight"]["attempt"] == 2
    assert before.state["steps"]["flight"]["unanswered"] == [1]
    timer = SagaTimer.objects.get(saga_id=before.saga_id)
    group = deployed(RENAMED)

    run("--step", "flight=plane")

    after = SagaState.objects.get()
    assert after.state["steps"]["plane"] == before.state["steps"]["flight"]
    assert after.state["parked"] == before.state["parked"] != []
    kept = SagaTimer.objects.get(saga_id=before.saga_id)
    assert (kept.step, kept.purpose, kept.attempt, kept.due_at) == ("plane", timer.purpose, 2, timer.due_at)
    live(group, "t", FlightBooked, TicketsIssued)
    assert SagaState.objects.get().status == "completed"


def test_a_step_that_is_tried_again_later_keeps_its_pause(trips: ConsumerGroup, deployed: Any) -> None:
    live(trips, "t", TripRequested, FlightFailed)
    pause = SagaTimer.objects.get(step="flight")
    deployed(RENAMED)

    run("--step", "flight=plane")

    assert SagaState.objects.get().state["steps"]["plane"]["status"] == "retrying"
    assert fire_due(now=pause.due_at - timedelta(seconds=1)) == 0
    assert fire_due(now=pause.due_at) == 1
    assert SagaState.objects.get().state["steps"]["plane"]["attempt"] == 2


def test_two_steps_may_change_their_names(trips: ConsumerGroup, deployed: Any) -> None:
    live(trips, "t", TripRequested)
    due = dict(SagaTimer.objects.values_list("step", "due_at"))
    hotel, flight = structs.replace(HOTEL, name="flight"), structs.replace(FLIGHT, name="hotel")
    SagaTimer.objects.filter(step="flight").update(due_at=due["flight"] + timedelta(minutes=1))
    deployed(structs.replace(TRIP, stages=(APPROVAL, Parallel((hotel, flight)), CHARGE, TICKETS)))

    run("--step", "flight=hotel", "--step", "hotel=flight")

    assert dict(SagaTimer.objects.values_list("step", "due_at")) == {
        "flight": due["hotel"],
        "hotel": due["flight"] + timedelta(minutes=1),
    }


def test_a_new_step_before_what_is_done_is_not_taken_behind_it(
    trips: ConsumerGroup, deployed: Any, capsys: Any
) -> None:
    live(trips, "t", TripRequested, HotelBooked)
    insured = structs.replace(FLIGHT, name="insured")
    group = deployed(structs.replace(TRIP, stages=(APPROVAL, insured, *TRIP.stages[1:])))

    with pytest.raises(CommandError, match="1 stay as they are"):
        call_command("sagas", "migrate", "trip", "--reason", "x")
    told = capsys.readouterr().out
    assert "step 'insured' has not been taken, and 'hotel' behind it is done: skip it (--skip insured)" in told

    assert run("--skip", "insured") == f"t ({shape_of(TRIP)}): goes on\n"
    live(group, "t", FlightBooked, Charged, TicketsIssued)
    state = SagaState.objects.get()
    assert (state.status, state.state["steps"]["insured"]["status"]) == ("completed", "skipped")
