"""`manage.py sagas migrate`: instances go on with a changed definition, or stay and say why."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec import Struct, structs

from outbox.api import ConsumerGroup, Handler
from sagas.api import Parallel, Saga, shape_of
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
