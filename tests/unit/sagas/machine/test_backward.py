"""The way back: the last is undone first, what never was is not undone, and what cannot be undone awaits a person."""

from datetime import timedelta
from uuid import uuid4

from msgspec import structs

from sagas.api import Parallel
from sagas.testing import begin
from tests.support.trips import (
    FLIGHT,
    HOTEL,
    TRIP,
    ChargeRefused,
    FlightBooked,
    FlightFailed,
    FlightReturned,
    FlightReturnFailed,
    FlightReturnRequested,
    HotelBooked,
    HotelFull,
    HotelRequested,
    HotelReturned,
    HotelReturnRequested,
    TripRequested,
)

REQUESTED = TripRequested(trip_id="t", people=2)
BOOKED, FULL, FLOWN = HotelBooked(trip_id="t"), HotelFull(trip_id="t"), FlightBooked(trip_id="t")
HOTEL_BACK, FLIGHT_BACK = HotelReturnRequested(trip_id="t"), FlightReturnRequested(trip_id="t")
SEQUENTIAL = structs.replace(TRIP, name="trip-sequential", stages=(HOTEL, FLIGHT, *TRIP.stages[2:]))


def test_the_last_is_undone_first():
    story = begin(SEQUENTIAL, REQUESTED).when(BOOKED).when(FLOWN).when(ChargeRefused(trip_id="t"))

    story.asks(FLIGHT_BACK).stands("compensating", hotel="done", flight="compensating")
    story.when(FlightReturned(trip_id="t")).asks(HOTEL_BACK)
    story.when(HotelReturned(trip_id="t")).asks().stands("compensated")


def test_what_never_was_is_not_undone():
    begin(SEQUENTIAL, REQUESTED).when(FULL).asks().stands("compensated", hotel="refused", flight="pending")


def test_what_was_refused_is_not_undone_and_what_went_unanswered_is():
    asked_again = HotelRequested(trip_id="t", people=2)
    begin(SEQUENTIAL, REQUESTED).after(minutes=10).asks(asked_again, HOTEL_BACK).stands(
        "compensating", hotel="compensating"
    )


def test_what_is_refused_by_something_else_than_an_answer_may_still_be_done_and_is_undone():
    story = begin(SEQUENTIAL, REQUESTED).when(FULL, answers=uuid4())

    story.asks(HOTEL_BACK).stands("compensating", hotel="compensating")


def test_what_is_under_way_beside_a_lost_step_is_waited_for_and_then_undone():
    story = begin(TRIP, REQUESTED).when(FULL).asks().stands("compensating", hotel="refused", flight="running")

    story.when(FLOWN).asks(FLIGHT_BACK).stands("compensating", flight="compensating")
    story.when(FlightReturned(trip_id="t")).stands("compensated")


def test_what_would_be_tried_again_beside_a_lost_step_is_left():
    story = begin(TRIP, REQUESTED).when(FlightFailed(trip_id="t")).when(FULL)

    story.asks().stands("compensated", flight="refused", hotel="refused")


def test_a_compensation_that_fails_is_tried_again_and_then_awaits_an_operator():
    story = begin(TRIP, REQUESTED).when(FLOWN).when(FULL).asks(FLIGHT_BACK)

    story.when(FlightReturnFailed(trip_id="t")).stands("compensating", flight="undo_retrying")
    story.after(seconds=10).asks(FLIGHT_BACK).when(FlightReturnFailed(trip_id="t"))
    story.asks().stands("compensation_failed", flight="undo_failed")
    story.does("resume").asks(FLIGHT_BACK).when(FlightReturned(trip_id="t")).stands("compensated")


def test_a_compensation_that_nobody_answers_is_asked_for_again():
    story = begin(TRIP, REQUESTED).when(FLOWN).when(FULL).asks(FLIGHT_BACK)

    story.after(seconds=60).asks().stands("compensating", flight="undo_retrying")
    story.after(seconds=10).asks(FLIGHT_BACK).stands("compensating", flight="compensating")


def test_a_late_success_does_not_stop_the_way_back():
    story = begin(SEQUENTIAL, REQUESTED).after(minutes=10).stands("compensating")

    story.when(BOOKED, answers=story.request("hotel", 1)).asks().stands("compensating", hotel="compensating")
    story.when(HotelReturned(trip_id="t")).stands("compensated")


def test_steps_of_one_stage_are_undone_side_by_side():
    assert isinstance(TRIP.stages[1], Parallel)
    story = begin(TRIP, REQUESTED).when(FLOWN).when(BOOKED).when(ChargeRefused(trip_id="t"))

    story.asks(HOTEL_BACK, FLIGHT_BACK)


def test_the_deadline_of_a_compensation_is_its_own():
    assert FLIGHT.deadline == timedelta(minutes=5)
    story = begin(TRIP, REQUESTED).when(FLOWN).when(FULL)

    story.after(seconds=59).asks().stands("compensating", flight="compensating")
