"""What has ended goes after its retention with its history; what goes on stays, however old."""

from datetime import UTC, datetime, timedelta

import pytest

from sagas.models import SagaState, SagaTransition
from sagas.tasks import prune_ended
from tests.support.lives_of_trips import live
from tests.support.trips import Charged, FlightBooked, HotelBooked, HotelFull, TicketsIssued, TripRequested

pytestmark = pytest.mark.django_db


def test_what_ended_long_ago_goes_and_all_else_stays(trips) -> None:
    for trip_id in ("old", "new"):
        live(trips, trip_id, TripRequested, HotelBooked, FlightBooked, Charged, TicketsIssued)
    live(trips, "undone", TripRequested, HotelFull)
    live(trips, "running", TripRequested)
    live(trips, "early", HotelBooked)
    long_ago = datetime.now(UTC) - timedelta(days=91)
    SagaState.objects.exclude(key="new").update(updated_at=long_ago)
    SagaState.objects.filter(key="old").update(completed_at=long_ago)

    assert prune_ended() == 2

    assert set(SagaState.objects.values_list("key", flat=True)) == {"new", "undone", "running"}
    left = set(SagaTransition.objects.values_list("saga_id", flat=True))
    assert left == set(SagaState.objects.values_list("saga_id", flat=True))
    assert prune_ended() == 0
