"""Timers: what is due fires once, whoever looks, and a reply that came first has taken its timer away."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections

from events.api import get_event
from outbox.api import take_effect
from outbox.testing import received
from sagas.api import fire_due, request_id, saga_id_of
from sagas.models import SagaState, SagaTimer, SagaTransition
from tests.support.trips import FLIGHT, FlightBooked, FlightFailed, HotelBooked, TripRequested

SAGA_ID = saga_id_of("trip", "t")


def of(payload):
    return received(payload, event_id=uuid4())


def later(**duration):
    return datetime.now(UTC) + timedelta(**duration)


@pytest.mark.django_db
def test_a_timer_fires_when_it_is_due_and_not_before(trips):
    take_effect(trips, [of(TripRequested(trip_id="t")), of(FlightBooked(trip_id="t"))])

    assert fire_due(now=later(minutes=4)) == 0
    assert fire_due(now=later(minutes=6)) == 1
    assert fire_due(now=later(minutes=6)) == 0
    assert SagaState.objects.get().state["steps"]["hotel"]["attempt"] == 2
    again = get_event(request_id(SAGA_ID, "hotel", 2, undo=False))
    assert again.event_type == "hotel.booking_requested"
    assert again.correlation_id == SagaState.objects.get().correlation_id
    fired = SagaTransition.objects.get(cause="timer")
    assert fired.cause_type == "deadline of hotel"


@pytest.mark.django_db
def test_a_reply_takes_the_timer_away(trips):
    take_effect(trips, [of(TripRequested(trip_id="t")), of(FlightBooked(trip_id="t")), of(HotelBooked(trip_id="t"))])

    assert list(SagaTimer.objects.values_list("step", flat=True)) == ["charge"]
    assert fire_due(now=later(minutes=9)) == 0


@pytest.mark.django_db
def test_a_timer_that_another_of_the_same_look_has_set_anew_stays(trips):
    failed = received(FlightFailed(trip_id="t"), event_id=uuid4(), causation_id=uuid4())
    take_effect(trips, [of(TripRequested(trip_id="t")), failed])
    SagaTimer.objects.filter(step="flight").update(due_at=later(minutes=20))
    fire_due(now=later(minutes=6))

    # The hotel is given up, and so both are undone; the flight was to be tried again.
    assert fire_due(now=later(minutes=21)) == 1
    assert SagaState.objects.get().status == "compensating"
    assert set(SagaTimer.objects.values_list("step", "purpose")) == {
        ("hotel", "undo_deadline"),
        ("flight", "undo_deadline"),
    }


@pytest.mark.django_db
def test_timers_of_sagas_that_only_other_programs_know_hold_nobody_back(trips):
    take_effect(trips, [of(TripRequested(trip_id=one)) for one in ("other", "t")])
    SagaState.objects.filter(key="other").update(saga_type="of-another-program")
    SagaTimer.objects.filter(saga_id=saga_id_of("trip", "other")).update(due_at=later(minutes=4))

    assert fire_due(now=later(minutes=6), limit=2) == 1
    assert SagaState.objects.get(key="t").version == 3


@pytest.mark.django_db
def test_one_that_cannot_make_its_transition_is_looked_at_later_and_holds_nobody_back(trips):
    take_effect(trips, [of(TripRequested(trip_id=one)) for one in ("bad", "t")])
    SagaState.objects.filter(key="bad").update(shape="0" * 16)

    assert fire_due(now=later(minutes=6)) == 2
    bad = SagaState.objects.get(key="bad")
    assert "register it as superseded" in (bad.error_message or "")
    assert bad.version == 1
    assert SagaState.objects.get(key="t").version == 3
    assert SagaTimer.objects.filter(saga_id=bad.saga_id, due_at__gt=later(minutes=6)).count() == 2


@pytest.mark.django_db
def test_timers_of_sagas_that_this_code_does_not_know_are_left(trips):
    take_effect(trips, [of(TripRequested(trip_id="t"))])
    SagaState.objects.update(saga_type="elsewhere")

    assert fire_due(now=later(minutes=6)) == 0
    assert SagaTimer.objects.count() == 2


def test_many_who_look_fire_each_timer_once(trips, committed_db):
    number = 200
    take_effect(trips, [of(TripRequested(trip_id=f"t{one}")) for one in range(number)])
    now = later(minutes=6)

    def look():
        try:
            while fire_due(now=now, limit=20):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while fire_due(now=now, limit=1000):
        pass

    assert SagaTransition.objects.filter(cause="timer").count() == 2 * number
    assert set(SagaState.objects.values_list("version", flat=True)) == {3}
    connection.close()


def test_a_reply_and_a_timer_at_once_take_turns(trips, committed_db):
    """Both lock the instance before its timer: neither waits for the other for ever."""
    number = 60
    ids = [f"t{one}" for one in range(number)]
    take_effect(trips, [of(TripRequested(trip_id=one)) for one in ids])
    now = later(minutes=6)
    failures = []

    def reply(one):
        try:
            take_effect(trips, [of(FlightBooked(trip_id=one)), of(HotelBooked(trip_id=one))])
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    def look():
        try:
            for _ in range(30):
                fire_due(now=now, limit=7)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=reply, args=[one]) for one in ids]
    lookers = [threading.Thread(target=look) for _ in range(3)]
    for thread in (*lookers, *threads):
        thread.start()
    for thread in (*lookers, *threads):
        thread.join()

    assert failures == []
    for state in SagaState.objects.all():
        assert state.state["steps"]["flight"]["status"] == "done"
        assert state.state["steps"]["hotel"]["status"] == "done"
        assert state.current_step == "charge"
    assert FLIGHT.deadline == timedelta(minutes=5)
    connection.close()
