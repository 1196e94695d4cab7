"""Interruption: an event from outside turns an instance back until its pivot has begun, and changes nothing later."""

import pytest
from msgspec import structs

from sagas.api import Interrupt
from sagas.explorer.explore import explore
from sagas.machine import forward
from sagas.testing import Story, begin
from tests.support.trip_world import A_TRIP
from tests.support.trips import (
    TRIP,
    ChargeRequested,
    FlightBooked,
    FlightFailed,
    FlightRequested,
    FlightReturned,
    FlightReturnRequested,
    HotelBooked,
    HotelRequested,
    HotelReturned,
    HotelReturnRequested,
    TripApproved,
    TripDeclined,
    TripRequested,
)

DECLINED = TripDeclined(trip_id="t")
REQUESTED = TripRequested(trip_id="t", people=2)
HOTEL_BOOKED = HotelBooked(trip_id="t")
FLIGHT_BOOKED = FlightBooked(trip_id="t")
HOTEL_BACK = HotelReturnRequested(trip_id="t")
FLIGHT_BACK = FlightReturnRequested(trip_id="t")
TRIP_THAT_MAY_BE_DECLINED = structs.replace(
    TRIP, interrupts=(Interrupt(event=TripDeclined, reason=lambda _: "nobody wants to go"),)
)
A_DECLINED_TRIP = structs.replace(A_TRIP, saga=TRIP_THAT_MAY_BE_DECLINED, events=(*A_TRIP.events, DECLINED))


def trip(people: int = 2) -> Story:
    return begin(TRIP_THAT_MAY_BE_DECLINED, TripRequested(trip_id="t", people=people))


def test_what_is_asked_for_is_waited_for_and_everything_is_undone():
    story = trip().when(HOTEL_BOOKED).when(DECLINED).asks().stands("compensating", hotel="done", flight="running")

    story.when(FLIGHT_BOOKED).asks(HOTEL_BACK, FLIGHT_BACK)
    story.when(HotelReturned(trip_id="t")).when(FlightReturned(trip_id="t")).stands("compensated")
    assert story.instance.failure == "nobody wants to go"


def test_what_nobody_answers_is_undone_after_its_deadline():
    story = trip().when(DECLINED)

    story.after(minutes=5).asks(HOTEL_BACK, FLIGHT_BACK).stands("compensating")


def test_what_would_be_tried_again_is_not():
    story = trip().when(HOTEL_BOOKED).when(FlightFailed(trip_id="t")).when(DECLINED)

    story.asks(HOTEL_BACK).stands("compensating", flight="refused")
    story.when(HotelReturned(trip_id="t")).after(hours=1).asks().stands("compensated")


def test_an_event_from_outside_is_not_waited_for_any_more():
    trip(people=12).when(DECLINED).asks().stands("compensated", approval="refused", hotel="pending")


def test_once_the_pivot_has_begun_it_goes_on():
    story = trip().when(HOTEL_BOOKED).when(FLIGHT_BOOKED).asks(ChargeRequested(trip_id="t", room="12"))

    story.when(DECLINED).asks().stands("running", charge="running")
    assert story.ignored == "the pivot has begun: nothing is turned back any more"


def test_one_that_comes_before_the_beginning_waits_for_it():
    story = Story(TRIP_THAT_MAY_BE_DECLINED, "t").when(DECLINED).stands("unstarted")

    story.when(REQUESTED).asks(HotelRequested(trip_id="t", people=2), FlightRequested(trip_id="t"))
    story.stands("compensating", hotel="running", flight="running")


def test_it_is_turned_back_once():
    story = trip().when(DECLINED).when(DECLINED)

    assert story.ignored == "the instance goes back already"
    assert trip().when(DECLINED).when(TripApproved(trip_id="t")).ignored


def test_no_schedule_with_an_interruption_goes_wrong():
    assert explore(A_DECLINED_TRIP, schedules=300, name="A_DECLINED_TRIP") > 250


@pytest.mark.slow
def test_nothing_is_found_in_ten_thousand_schedules_with_an_interruption():
    assert explore(A_DECLINED_TRIP, schedules=10_000, name="A_DECLINED_TRIP") > 9_500


def test_an_interruption_during_the_pivot_that_turned_back_would_be_found(monkeypatch):
    monkeypatch.setattr(forward, "is_decided", lambda _: False)

    with pytest.raises(AssertionError, match=r"compensated, and hotel, flight, money are \(False, False, True\)"):
        explore(A_DECLINED_TRIP, schedules=10_000, name="A_DECLINED_TRIP")
