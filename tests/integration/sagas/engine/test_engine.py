"""The engine: a batch moves instances on, and everything of a transition is stored together or not at all."""

from collections import Counter
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from msgspec import structs

from events.api import get_events_by_correlation
from outbox.api import Poisonous, take_effect
from outbox.models import OutboxEvent
from outbox.testing import received
from sagas.api import UnknownShape, request_id, saga_id_of, supersede_saga
from sagas.definition.registry import sagas
from sagas.engine.engine import advance
from sagas.models import SagaState, SagaTimer, SagaTransition
from tests.support.trips import (
    TRIP,
    Charged,
    ChargeRefused,
    FlightBooked,
    FlightReturned,
    HotelBooked,
    HotelReturned,
    TicketsIssued,
    TripRequested,
)

pytestmark = pytest.mark.django_db


def of(payload, **fields):
    return received(payload, event_id=uuid4(), **fields)


def live(group, trip_id, *payloads):
    take_effect(group, [of(payload(trip_id=trip_id)) for payload in payloads])


def test_an_event_begins_an_instance_and_its_requests_are_events(trips):
    began = of(TripRequested(trip_id="t", people=2), user_id="ann", correlation_id=uuid4())
    take_effect(trips, [began])

    state = SagaState.objects.get()
    assert (state.saga_type, state.key, state.status, state.current_step) == ("trip", "t", "running", "hotel")
    asked = get_events_by_correlation(began.correlation_id, limit=10)
    assert [event.event_type for event in asked] == ["hotel.booking_requested", "flight.booking_requested"]
    assert {event.causation_id for event in asked} == {began.event_id}
    assert {(event.aggregate_type, event.aggregate_id, event.user_id) for event in asked} == {("trip", "t", "ann")}
    assert asked[0].event_id == request_id(saga_id_of("trip", "t"), "hotel", 1, undo=False)
    assert OutboxEvent.objects.count() == 2
    assert set(SagaTimer.objects.values_list("step", flat=True)) == {"hotel", "flight"}


def test_replies_move_it_on_to_its_end(trips):
    live(trips, "t", TripRequested)
    live(trips, "t", HotelBooked, FlightBooked)
    live(trips, "t", Charged)
    live(trips, "t", TicketsIssued)

    state = SagaState.objects.get()
    assert (state.status, state.current_step, state.version) == ("completed", "", 5)
    assert state.completed_at is not None
    assert state.failed_at is None
    assert state.state["data"]["room"] == "12"
    assert not SagaTimer.objects.exists()
    assert list(SagaTransition.objects.order_by("number").values_list("number", "cause_type", "status")) == [
        (1, "trip.requested", "running"),
        (2, "hotel.booked", "running"),
        (3, "flight.booked", "running"),
        (4, "trip.charged", "running"),
        (5, "trip.tickets_issued", "completed"),
    ]
    changed = SagaTransition.objects.get(number=2)
    assert changed.changes == [{"pointer": "/room", "change": "changed", "old": "", "new": "12"}]
    assert changed.steps == [{"step": "hotel", "status": "done", "attempt": 1, "reason": ""}]


def test_a_batch_may_hold_the_whole_of_a_life_and_many_of_them(trips):
    ids = [f"trip-{number}" for number in range(50)]
    life = (TripRequested, HotelBooked, FlightBooked, Charged, TicketsIssued)
    take_effect(trips, [of(payload(trip_id=one)) for payload in life for one in ids])

    assert Counter(SagaState.objects.values_list("status", flat=True)) == {"completed": 50}
    assert SagaTransition.objects.count() == 250
    assert OutboxEvent.objects.count() == 200


def test_an_event_that_is_delivered_again_changes_nothing(trips):
    live(trips, "t", TripRequested)
    booked = of(HotelBooked(trip_id="t"))
    take_effect(trips, [booked])
    before = SagaState.objects.get().version

    take_effect(trips, [booked, booked])
    take_effect(trips, [booked], again=True)

    assert SagaState.objects.get().version == before
    assert SagaTransition.objects.count() == before


def test_replies_that_come_first_wait_for_the_beginning(trips):
    live(trips, "t", HotelBooked)
    assert SagaState.objects.get().status == "unstarted"
    live(trips, "t", Charged)
    live(trips, "t", TripRequested)
    live(trips, "t", FlightBooked)

    state = SagaState.objects.get()
    assert state.status == "running"
    assert state.current_step == "tickets"


def test_what_leads_to_nothing_leaves_nothing(trips):
    live(trips, "t", HotelReturned)

    assert not SagaState.objects.exists()


def test_the_way_back_is_kept_with_its_reason(trips):
    live(trips, "t", TripRequested, HotelBooked, FlightBooked)
    take_effect(trips, [of(ChargeRefused(trip_id="t", why="card expired"))])
    live(trips, "t", HotelReturned, FlightReturned)

    state = SagaState.objects.get()
    assert (state.status, state.error_message) == ("compensated", "charge: card expired")
    assert state.failed_at is not None
    assert state.completed_at is None


def test_what_a_handler_behind_it_fails_at_has_not_happened(trips):
    with pytest.raises(RuntimeError), transaction.atomic():
        live(trips, "t", TripRequested)
        raise RuntimeError

    assert not SagaState.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert not SagaTimer.objects.exists()


def test_an_instance_of_a_definition_that_is_gone_is_left_alone_and_said(trips):
    live(trips, "t", TripRequested)
    SagaState.objects.update(shape="0" * 16)

    with pytest.raises(UnknownShape, match="register it as superseded"):
        live(trips, "t", HotelBooked)
    assert SagaState.objects.get().version == 1


def test_an_instance_goes_on_with_the_definition_that_it_began_with(trips):
    live(trips, "old", TripRequested, HotelBooked, FlightBooked)
    sagas.forget(TRIP)
    # Nothing is ticketed any more; the old definition is kept beside the new one.
    shorter = sagas.register(structs.replace(TRIP, stages=TRIP.stages[:3]))
    supersede_saga(TRIP)
    group = structs.replace(
        trips, handlers=(structs.replace(trips.handlers[0], handle_batch=partial(advance, shorter)),)
    )
    try:
        live(group, "old", Charged)
        live(group, "new", TripRequested, HotelBooked, FlightBooked, Charged)
    finally:
        sagas.forget(shorter)

    stands = {row.key: (row.status, row.current_step) for row in SagaState.objects.all()}
    assert stands == {"old": ("running", "tickets"), "new": ("completed", "")}


def test_a_key_that_cannot_be_is_poisonous(trips):
    with pytest.raises(Poisonous, match="at most 255 characters"):
        live(trips, "x" * 256, TripRequested)


def test_a_batch_takes_few_statements_however_many_instances_it_moves(trips, django_assert_max_num_queries):
    take_effect(trips, [of(TripRequested(trip_id=f"t{number}")) for number in range(100)])
    replies = [of(HotelBooked(trip_id=f"t{number}")) for number in range(100)]

    # A savepoint and its release, the inbox, the instances, and their new state; nothing goes out.
    with django_assert_max_num_queries(5):
        take_effect(trips, replies)
    assert connection.in_atomic_block
