"""What is counted of sagas, and what a scrape is told of their rows."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from prometheus_client.registry import CollectorRegistry

from sagas.api import SagaCollector, fire_due
from sagas.models import SagaTimer
from tests.support.lives_of_trips import live, stuck_trip
from tests.support.trips import Charged, FlightBooked, HotelBooked, TicketsIssued, TripRequested

LIFE = (TripRequested, HotelBooked, FlightBooked, Charged, TicketsIssued)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"saga_type": "trip"} | labels) or 0.0


@pytest.mark.usefixtures("committed_db")
def test_a_life_is_counted_once_it_is_committed(trips) -> None:
    names = ("sagas_started_total", "saga_transitions_total")
    before = {name: value(name) for name in names}
    ended = value("sagas_ended_total", outcome="completed")
    durations = value("saga_duration_count", outcome="completed")

    live(trips, "t", *LIFE)

    assert value("sagas_started_total") == before["sagas_started_total"] + 1
    assert value("saga_transitions_total") == before["saga_transitions_total"] + len(LIFE)
    assert value("sagas_ended_total", outcome="completed") == ended + 1
    assert value("saga_duration_count", outcome="completed") == durations + 1


@pytest.mark.usefixtures("committed_db")
def test_who_waits_for_an_operator_and_how_late_timers_are_is_counted(trips) -> None:
    stuck = value("sagas_stuck_total", status="awaiting_operator")
    stuck_trip(trips, "s")
    assert value("sagas_stuck_total", status="awaiting_operator") == stuck + 1

    live(trips, "t", TripRequested, FlightBooked)
    SagaTimer.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=90))
    late = REGISTRY.get_sample_value("saga_timer_lateness_seconds_sum") or 0.0
    fire_due()
    assert 90 <= (REGISTRY.get_sample_value("saga_timer_lateness_seconds_sum") or 0.0) - late < 120


@pytest.mark.django_db
def test_a_scrape_is_told_where_instances_stand_and_what_is_overdue(trips) -> None:
    registry = CollectorRegistry()
    registry.register(SagaCollector())
    stuck_trip(trips, "s")
    live(trips, "done", *LIFE)
    live(trips, "t", TripRequested)

    def told(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert told("sagas_open", saga_type="trip", status="awaiting_operator") == 1
    assert told("sagas_open", saga_type="trip", status="running") == 1
    assert told("sagas_open", saga_type="trip", status="completed") is None
    assert told("saga_timers_overdue_seconds") == 0
    SagaTimer.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=90))
    assert 90 <= (told("saga_timers_overdue_seconds") or 0) < 120
