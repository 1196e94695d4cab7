"""The reacting style: a state is left by an event or its deadline; what is late, repeated or early changes nothing."""

from uuid import uuid4

import pytest

from sagas.api import StepStatus, VerbRefused
from sagas.testing import Story, begin
from tests.support.tours import TOUR
from tests.support.trips import (
    Charged,
    ChargeRefused,
    ChargeRequested,
    HotelBooked,
    HotelFull,
    HotelRequested,
    HotelReturned,
    HotelReturnRequested,
    TicketsFailed,
    TicketsIssued,
    TicketsRequested,
    TripApproved,
    TripDeclined,
    TripRequested,
)

APPROVED = TripApproved(trip_id="t")
BOOKED = HotelBooked(trip_id="t")
FULL = HotelFull(trip_id="t")
CHARGED = Charged(trip_id="t")
RETURNED = HotelReturned(trip_id="t")
HOTEL = HotelRequested(trip_id="t", people=2)
CHARGE = ChargeRequested(trip_id="t", room="12")
RETURN = HotelReturnRequested(trip_id="t")
TICKETS = TicketsRequested(trip_id="t")


def tour(people: int = 2) -> Story:
    return begin(TOUR, TripRequested(trip_id="t", people=people))


def test_events_lead_from_state_to_state_to_the_end():
    story = tour().asks().stands("waiting", approving="running")
    story.when(APPROVED).asks(HOTEL).stands("running", approving="done", booking="running").knows(approved_by="ann")
    story.when(BOOKED).asks(CHARGE).when(CHARGED).asks(TICKETS)
    story.when(TicketsIssued(trip_id="t")).asks().stands("completed", printing="done")
    assert story.instance.failure == ""


def test_a_reason_leads_back():
    story = tour().when(APPROVED).when(BOOKED).when(ChargeRefused(trip_id="t"))

    story.asks(RETURN).stands("compensating", paying="done", returning="running")
    story.when(RETURNED).asks().stands("compensated")
    assert story.instance.failure == "paying: no funds"


def test_a_state_may_end_it_at_once():
    story = tour().when(TripDeclined(trip_id="t")).stands("failed")

    assert story.instance.failure == "approving: declined"


def test_a_state_that_does_not_want_the_event_does_not_react():
    story = tour(people=30).when(APPROVED).stands("waiting", approving="running")

    assert story.ignored == "state approving does not react to it, and none that may come after it"
    story.when(TripApproved(trip_id="t", by="boss")).stands("running", booking="running")


def test_what_nobody_answers_is_asked_for_again_and_then_the_deadline_leads_on():
    story = tour().when(APPROVED)

    story.after(minutes=5).asks(HOTEL).stands("running", booking="running")
    story.after(minutes=5).asks(RETURN).stands("compensating", booking="skipped", returning="running")
    assert story.instance.failure == "booking: no answer within its deadline"


def test_a_wait_that_takes_too_long_is_over():
    tour().after(days=2).stands("failed", approving="skipped")


def test_a_refusal_leads_elsewhere_while_another_attempt_may_have_its_effect():
    sure = tour().when(APPROVED).when(FULL)
    sure.asks().stands("failed")

    doubtful = tour().when(APPROVED).after(minutes=5).when(FULL)
    doubtful.asks(RETURN).stands("compensating")


def test_an_answer_to_an_attempt_of_before_counts():
    story = tour().when(APPROVED).after(minutes=5)

    story.when(BOOKED, answers=story.request("booking", 1)).asks(CHARGE).stands("running", paying="running")


def test_an_event_from_outside_answers_no_request():
    story = tour().when(APPROVED)

    story.when(FULL, answers=uuid4()).asks(RETURN).stands("compensating")


def test_a_way_may_lead_round():
    story = tour().when(APPROVED).when(BOOKED).when(CHARGED)
    for attempt in (1, 2, 3):
        story.when(TicketsFailed(trip_id="t"), answers=story.request("printing", attempt)).asks()
        story.stands("waiting", pausing="running", printing="done")
        story.after(seconds=30).asks(TICKETS).stands("running", printing="running", pausing="skipped")

    story.when(TicketsIssued(trip_id="t")).stands("completed")
    assert story.instance.step("printing").attempt == 4


def test_an_answer_of_a_state_that_is_over_is_ignored_even_where_it_is_entered_again():
    story = tour().when(APPROVED).when(BOOKED).when(CHARGED)
    late = story.request("printing", 1)
    story.when(TicketsFailed(trip_id="t")).after(seconds=30)

    story.when(TicketsFailed(trip_id="t"), answers=late).asks().stands("running", printing="running")
    assert story.ignored == "it answers attempt 1 of state printing, which is over"


def test_an_attempt_that_was_left_unanswered_is_over_with_its_state():
    story = tour().when(APPROVED).when(BOOKED).when(CHARGED).does("retry", "printing")
    story.when(TicketsFailed(trip_id="t"), answers=story.request("printing", 2)).after(seconds=30).asks(TICKETS)

    story.when(TicketsIssued(trip_id="t"), answers=story.request("printing", 1)).stands("running", printing="running")
    assert story.ignored == "it answers attempt 1 of state printing, which is over"


def test_an_event_that_comes_early_waits_for_the_state_that_reacts_to_it():
    story = Story(TOUR, "t")
    story.when(APPROVED).stands("unstarted")
    story.when(CHARGED).stands("unstarted")
    story.when(TripRequested(trip_id="t", people=2)).asks(HOTEL).stands("running", booking="running")
    story.when(BOOKED).asks(CHARGE, TICKETS).stands("running", printing="running")


def test_an_event_of_a_state_that_never_comes_again_is_ignored():
    story = tour().when(APPROVED).when(APPROVED, answers=uuid4())

    assert story.ignored == "state booking does not react to it, and none that may come after it"


def test_nothing_follows_an_end():
    story = tour().when(TripDeclined(trip_id="t")).when(APPROVED).asks()

    assert story.ignored == "the instance is failed"
    story.after(days=3).asks().stands("failed")


def test_an_operator_lets_the_state_ask_again():
    story = tour().when(APPROVED).when(BOOKED).after(minutes=10)
    story.stands("awaiting_operator", paying="uncertain")

    story.does("resume").asks(CHARGE).stands("running", paying="running")
    story.does("retry", "paying").asks(CHARGE)
    story.when(CHARGED, answers=story.request("paying", 1)).asks(TICKETS)


def test_an_event_that_comes_late_releases_what_waits_for_an_operator():
    story = tour().when(APPROVED).when(BOOKED).after(minutes=10).stands("awaiting_operator")

    story.when(CHARGED).asks(TICKETS).stands("running")


def test_what_cannot_be_undone_waits_for_an_operator_too():
    story = tour().when(APPROVED).when(BOOKED).when(ChargeRefused(trip_id="t")).after(hours=1)

    story.stands("compensation_failed", returning="uncertain").does("resume").asks(RETURN)
    story.when(RETURNED).stands("compensated")


def test_an_operator_gives_up_but_neither_skips_nor_turns_back():
    story = tour().when(APPROVED)

    for verb, argument in (("skip", "booking"), ("force_compensation", "why")):
        with pytest.raises(VerbRefused, match="a state is left by an event"):
            story.does(verb, argument)
    with pytest.raises(VerbRefused, match="not in state paying"):
        story.does("retry", "paying")
    story.does("cancel", "the hotel is gone").stands("failed")
    assert story.instance.step("booking").status is StepStatus.UNCERTAIN
