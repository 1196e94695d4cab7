"""One filter says which instances are meant, and an operation means none that it could do nothing to."""

from datetime import UTC, datetime, timedelta

import pytest

from sagas.api import operate
from sagas.models import SagaState
from sagas.operating.actions import OfStep
from sagas.operating.selection import SagaFilter, affected, condition_of
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import TripApproved, TripRequested

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(trips):
    """Trips that are stuck, running, unstarted and completed."""
    stuck_trip(trips, "a-stuck")
    operate("skip", stuck_trip(trips, "d-done"), OfStep(step="tickets"), actor="ann", reason="they are here")
    live(trips, "b-running", TripRequested)
    live(trips, "c-unstarted", TripApproved)
    SagaState.objects.filter(key="b-running").update(
        updated_at=datetime.now(UTC) - timedelta(hours=2), started_at=datetime.now(UTC) - timedelta(days=2)
    )


def keys(rows):
    return sorted(rows.values_list("key", flat=True))


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        ({}, ["a-stuck", "b-running", "c-unstarted", "d-done"]),
        ({"saga": "trip", "status": "running"}, ["b-running"]),
        ({"saga": "journey"}, []),
        ({"status": "stuck"}, ["a-stuck"]),
        ({"current_step": "tickets"}, ["a-stuck"]),
        ({"key": "a-stuck"}, ["a-stuck"]),
        ({"key_prefix": "d-"}, ["d-done"]),
        ({"error": "ticketsFAILED"}, ["a-stuck"]),
        ({"moved_before": datetime.now(UTC) - timedelta(hours=1)}, ["b-running"]),
        ({"started_before": datetime.now(UTC) - timedelta(days=1)}, ["b-running"]),
        ({"started_before": datetime.now(UTC) - timedelta(days=3)}, []),
    ],
)
def test_a_filter_means_those_for_which_all_of_it_holds(some, selection, meant):
    assert keys(SagaState.objects.filter(condition_of(SagaFilter(**selection)))) == meant


def test_a_conversation_is_a_filter(some):
    row = SagaState.objects.get(key="b-running")

    assert keys(affected("cancel", SagaFilter(correlation_id=row.correlation_id))) == ["b-running"]


@pytest.mark.parametrize(
    ("verb", "meant"),
    [
        ("resume", ["a-stuck"]),
        ("compensate", ["a-stuck", "b-running"]),
        ("cancel", ["a-stuck", "b-running", "c-unstarted"]),
    ],
)
def test_what_has_ended_is_meant_by_no_operation(some, verb, meant):
    assert keys(affected(verb, SagaFilter())) == meant
