"""The way forward: stages in their order, replies, attempts, deadlines, and replies that come early."""

from sagas.testing import begin
from tests.support.trips import (
    TRIP,
    Charged,
    ChargeRefused,
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
    TicketsFailed,
    TicketsIssued,
    TicketsRequested,
    TripApproved,
    TripRequested,
)

REQUESTED = TripRequested(trip_id="t", people=2)
HOTEL, FLIGHT = HotelRequested(trip_id="t", people=2), FlightRequested(trip_id="t")
HOTEL_BACK, FLIGHT_BACK = HotelReturnRequested(trip_id="t"), FlightReturnRequested(trip_id="t")
BOOKED, FLOWN = HotelBooked(trip_id="t"), FlightBooked(trip_id="t")
CHARGE, CHARGED = ChargeRequested(trip_id="t", room="12"), Charged(trip_id="t")
TICKETS, ISSUED = TicketsRequested(trip_id="t"), TicketsIssued(trip_id="t")


def test_steps_are_taken_stage_by_stage_to_the_end():
    story = begin(TRIP, REQUESTED).asks(HOTEL, FLIGHT).stands("running", approval="skipped", hotel="running")

    story.when(BOOKED).asks().stands("running", hotel="done", flight="running")
    story.when(FLOWN).asks(CHARGE).stands("running", charge="running").knows(room="12")
    story.when(CHARGED).asks(TICKETS)
    story.when(ISSUED).asks().stands("completed", tickets="done")


def test_a_step_is_taken_only_where_its_condition_holds():
    story = begin(TRIP, TripRequested(trip_id="t", people=10)).asks().stands("waiting", approval="running")

    story.when(TripApproved(trip_id="t", by="eve")).asks(HotelRequested(trip_id="t", people=10), FLIGHT)
    story.stands("running", approval="done").knows(approved_by="eve")


def test_what_nobody_decides_within_its_deadline_has_failed():
    begin(TRIP, TripRequested(trip_id="t", people=10)).after(days=2).asks().stands("compensated", approval="refused")


def test_a_reply_that_comes_early_counts_when_it_is_waited_for():
    story = begin(TRIP, REQUESTED).when(CHARGED).asks().stands("running", charge="pending")

    story.when(BOOKED)
    story.when(FLOWN).asks(CHARGE, TICKETS).stands("running", charge="done", tickets="running")


def test_replies_that_come_before_the_beginning_wait_for_it():
    story = begin(TRIP, BOOKED).asks().stands("unstarted").when(FLOWN).stands("unstarted")

    story.when(REQUESTED).asks(HOTEL, FLIGHT, CHARGE).stands("running", hotel="done", flight="done")


def test_a_second_reply_changes_nothing():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(HotelBooked(trip_id="t", room="99"))

    assert story.ignored == "step hotel is done"
    story.asks().knows(room="12")


def test_a_second_beginning_changes_nothing():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(REQUESTED)

    assert story.ignored == "the instance has begun before"
    story.stands("running", hotel="done")


def test_what_has_failed_is_tried_again_after_a_pause():
    story = begin(TRIP, REQUESTED).when(FlightFailed(trip_id="t")).asks().stands("running", flight="retrying")

    story.after(minutes=1).asks(FLIGHT).stands("running", flight="running")
    assert story.instance.step("flight").attempt == 2


def test_a_request_that_nobody_answers_is_sent_again():
    begin(TRIP, REQUESTED).when(FLOWN).after(minutes=5).asks(HOTEL).stands("running", hotel="running")


def test_a_late_answer_to_an_earlier_attempt_counts_where_it_says_that_it_is_done():
    story = begin(TRIP, REQUESTED).when(FLOWN)
    first = story.request("hotel", 1)

    story.after(minutes=5).when(BOOKED, answers=first).asks(CHARGE).stands("running", hotel="done")


def test_a_late_failure_of_an_earlier_attempt_does_not_count():
    story = begin(TRIP, REQUESTED).when(BOOKED)
    first = story.request("flight", 1)
    story.when(FlightFailed(trip_id="t")).after(minutes=1).asks(FLIGHT)

    story.when(FlightFailed(trip_id="t"), answers=first).stands("running", flight="running")
    assert story.ignored == "it answers attempt 1 of step flight"


def test_a_timer_of_what_is_over_does_nothing():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN)

    story.after(minutes=9).asks().stands("running", hotel="done", flight="done", charge="running")


def test_what_cannot_be_undone_any_more_is_tried_until_an_operator_is_needed():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN).when(CHARGED)
    for _ in range(2):
        story.when(TicketsFailed(trip_id="t")).stands("running", tickets="retrying").after(minutes=2).asks(TICKETS)

    story.when(TicketsFailed(trip_id="t")).asks().stands("awaiting_operator", tickets="refused")


def test_a_pivot_of_which_nobody_knows_awaits_an_operator_and_a_late_answer_ends_that():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN)

    story.after(minutes=10).asks(CHARGE).after(minutes=10).asks().stands("awaiting_operator", charge="uncertain")
    story.when(CHARGED).asks(TICKETS).stands("running", charge="done", tickets="running")


def test_a_pivot_that_was_refused_leads_back():
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN).when(ChargeRefused(trip_id="t"))

    story.asks(HOTEL_BACK, FLIGHT_BACK).stands("compensating", charge="refused")
    story.when(HotelReturned(trip_id="t")).when(FlightReturned(trip_id="t")).asks()
    story.stands("compensated", hotel="compensated", flight="compensated")
    assert story.instance.failure == "charge: no funds"


def test_no_more_than_a_hundred_replies_wait_for_a_beginning():
    story = begin(TRIP, BOOKED)
    for _ in range(99):
        story.when(BOOKED)
    assert len(story.instance.parked) == 100

    story.when(BOOKED)

    assert story.ignored == "100 replies wait already"
    assert len(story.instance.parked) == 100
