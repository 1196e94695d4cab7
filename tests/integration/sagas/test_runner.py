"""Whoever looks fires what is due: the loop in a worker, and beat's task while no worker hosts the loop."""

from datetime import UTC, datetime, timedelta

import pytest

from outbox.hosting.runners import runner_named
from outbox.models import ProcessHeartbeat
from sagas.models import SagaTimer, SagaTransition
from sagas.tasks import fire_timers
from tests.support.lives_of_trips import live
from tests.support.outbox import eventually, hosted
from tests.support.trips import FlightBooked, TripRequested


def make_due(**ago: float) -> None:
    SagaTimer.objects.update(due_at=datetime.now(UTC) - timedelta(**ago))


@pytest.mark.usefixtures("committed_db")
def test_the_loop_fires_what_is_due_and_shows_that_it_lives(trips) -> None:
    live(trips, "t", TripRequested, FlightBooked)
    make_due(seconds=1)

    with hosted(runner_named("sagas")()):
        eventually(lambda: SagaTransition.objects.filter(cause="timer").count() == 1)
        eventually(lambda: ProcessHeartbeat.objects.filter(name="runner:sagas").exists())

    assert SagaTimer.objects.filter(due_at__gt=datetime.now(UTC)).count() == 1


@pytest.mark.django_db
def test_so_does_the_task_of_beat(trips) -> None:
    for trip_id in ("a", "b"):
        live(trips, trip_id, TripRequested, FlightBooked)
    make_due(minutes=1)

    assert fire_timers() == 2
    assert fire_timers() == 0
    assert SagaTransition.objects.filter(cause="timer").count() == 2
