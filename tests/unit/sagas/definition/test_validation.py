"""Definitions that could end badly are refused."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct, structs

from sagas.api import (
    Interrupt,
    InvalidSaga,
    Kind,
    Parallel,
    Saga,
    SagaRegistered,
    Sagas,
    UnknownSaga,
    UnknownShape,
    done,
    shape_of,
)
from sagas.definition.validation import reasons_against, validate
from tests.support.trips import (
    CHARGE,
    FLIGHT,
    HOTEL,
    TICKETS,
    TRIP,
    Charged,
    HotelBooked,
    HotelRequested,
    TripDeclined,
    TripRequested,
)


class Unregistered(Struct, frozen=True):
    trip_id: str


def changed(**fields: Any) -> Saga:
    return structs.replace(TRIP, **fields)


def test_a_sound_definition_passes():
    assert reasons_against(TRIP) == []


@pytest.mark.parametrize(
    ("saga", "why"),
    [
        (changed(stages=()), "it has no steps"),
        (changed(starts=()), "nothing starts it"),
        (changed(name="no/name"), "'no/name' is no name"),
        (changed(key="order_id"), "TripRequested has no field 'order_id'"),
        (
            changed(interrupts=(Interrupt(event=TripRequested),)),
            "TripRequested turns it back, and starts it or is a reply",
        ),
        (changed(interrupts=(Interrupt(event=Charged),)), "Charged turns it back, and starts it or is a reply"),
        (changed(interrupts=(Interrupt(event=TripDeclined, key="id"),)), "TripDeclined has no field 'id'"),
        (changed(interrupts=(Interrupt(event=Unregistered),)), "Unregistered is no registered event"),
        (changed(stages=(HOTEL, HOTEL)), "2 steps are called 'hotel'"),
        (
            changed(stages=(structs.replace(HOTEL, compensation=None), CHARGE)),
            "step 'hotel' changes something before the pivot and has no compensation",
        ),
        (
            changed(stages=(structs.replace(HOTEL, compensation=None),)),
            "step 'hotel' changes something before the pivot and has no compensation",
        ),
        (changed(stages=(TICKETS, CHARGE)), "step 'tickets' is retriable and stands before the pivot"),
        (changed(stages=(CHARGE, HOTEL)), "step 'hotel' may fail after the pivot"),
        (changed(stages=(TICKETS, HOTEL)), "step 'hotel' may fail after the pivot"),
        (changed(stages=(CHARGE, structs.replace(CHARGE, name="again"))), "it has more than one pivot"),
        (changed(stages=(Parallel((HOTEL, CHARGE)),)), "its pivot stands in a parallel stage"),
        (changed(stages=(structs.replace(HOTEL, deadline=None),)), "a lost reply would hold it for ever"),
        (
            changed(stages=(structs.replace(HOTEL, replies=HOTEL.replies[1:]),)),
            "no reply says that step 'hotel' is done",
        ),
        (
            changed(stages=(structs.replace(HOTEL, replies=(done(Unregistered),)),)),
            "Unregistered is no registered event",
        ),
        (
            changed(stages=(structs.replace(HOTEL, replies=(done(HotelRequested),)),)),
            "HotelRequested is asked for and listened to",
        ),
        (
            changed(stages=(structs.replace(HOTEL, replies=(done(TripRequested),)),)),
            "TripRequested starts it and is a reply",
        ),
        (
            changed(stages=(structs.replace(HOTEL, deadline=None, otherwise=lambda data: data),)),
            "says what is so after its deadline, and has none",
        ),
    ],
)
def test_a_definition_that_could_end_badly_is_refused(saga, why):
    with pytest.raises(InvalidSaga) as refused:
        validate(saga)

    assert any(why in reason for reason in refused.value.reasons)


def test_a_step_that_only_asks_needs_no_way_back():
    asking = structs.replace(HOTEL, compensation=None, changes=False)
    assert reasons_against(changed(stages=(asking, CHARGE))) == []


def test_what_is_done_when_its_deadline_has_passed_needs_no_reply_that_says_so():
    only_lost = structs.replace(HOTEL, replies=HOTEL.replies[1:], otherwise=lambda data: data)
    assert reasons_against(changed(stages=(only_lost, CHARGE))) == []


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidSaga) as refused:
        validate(changed(name="", key="x", stages=()))

    assert len(refused.value.reasons) >= 3


def test_the_shape_is_that_of_steps_and_events_and_not_of_times():
    later = structs.replace(FLIGHT, deadline=timedelta(hours=1), retry=structs.replace(FLIGHT.retry, limit=9))
    assert shape_of(changed(stages=(TRIP.stages[0], Parallel((HOTEL, later)), CHARGE, TICKETS))) == shape_of(TRIP)
    assert shape_of(changed(stages=(TRIP.stages[0], HOTEL, FLIGHT, CHARGE, TICKETS))) != shape_of(TRIP)
    assert shape_of(changed(stages=(*TRIP.stages[:2], structs.replace(CHARGE, replies=(done(Charged),))))) != (
        shape_of(TRIP)
    )


def test_instances_find_the_definition_that_they_began_with():
    old = changed(stages=TRIP.stages[:3])
    known = Sagas()
    known.register(TRIP)
    known.register(old, superseded=True)

    assert known.of_shape("trip", shape_of(TRIP)) is TRIP
    assert known.of_shape("trip", shape_of(old)) is old
    with pytest.raises(UnknownShape, match="register it as superseded"):
        known.of_shape("trip", "0" * 16)
    with pytest.raises(UnknownSaga, match="there is no saga 'tripp'; there are trip"):
        known.named("tripp")
    with pytest.raises(SagaRegistered):
        known.register(old)


def test_an_event_names_its_instance():
    assert TRIP.key_of(HotelBooked(trip_id="t")) == "t"
    assert TRIP.step("charge").kind is Kind.PIVOT
