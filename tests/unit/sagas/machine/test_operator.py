"""What an operator may do to an instance, and what is refused."""

import pytest

from sagas.exceptions import VerbRefused
from sagas.testing import begin
from tests.support.trips import (
    TRIP,
    Charged,
    ChargeRequested,
    FlightBooked,
    FlightRequested,
    FlightReturned,
    FlightReturnFailed,
    FlightReturnRequested,
    HotelBooked,
    HotelFull,
    HotelReturnRequested,
    TicketsFailed,
    TicketsIssued,
    TicketsRequested,
    Trip,
    TripRequested,
)

REQUESTED = TripRequested(trip_id="t", people=2)
BOOKED, FLOWN, CHARGED = HotelBooked(trip_id="t"), FlightBooked(trip_id="t"), Charged(trip_id="t")
TICKETS, ISSUED = TicketsRequested(trip_id="t"), TicketsIssued(trip_id="t")


@pytest.fixture
def stuck():
    """A trip that was paid, and whose tickets are not to be had."""
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN).when(CHARGED)
    for _ in range(3):
        story.when(TicketsFailed(trip_id="t")).after(minutes=2)
    return story.stands("awaiting_operator", tickets="refused")


def test_a_step_is_tried_again(stuck):
    stuck.does("retry", "tickets").asks(TICKETS).stands("running", tickets="running")
    stuck.when(ISSUED).stands("completed")


def test_a_step_is_skipped(stuck):
    stuck.does("skip", "tickets").asks().stands("completed", tickets="skipped")


def test_everything_that_waits_is_resumed(stuck):
    stuck.does("resume").asks(TICKETS).stands("running")


def test_data_that_were_edited_are_what_goes_out_next():
    story = begin(TRIP, REQUESTED).when(FLOWN)
    story.does("edit", Trip(trip_id="t", people=2, room="99")).asks().knows(room="99")

    story.does("skip", "hotel").asks(ChargeRequested(trip_id="t", room="99"))


def test_a_request_under_way_is_sent_again_under_another_id():
    story = begin(TRIP, REQUESTED)
    story.does("retry", "flight").asks(FlightRequested(trip_id="t"))

    assert story.instance.step("flight").attempt == 2
    assert story.request("flight", 1) != story.request("flight", 2)


def test_compensation_is_forced_and_undoes_what_may_have_been_done():
    story = begin(TRIP, REQUESTED).when(FLOWN)

    story.does("force_compensation", "the customer has died").stands("compensating")
    # Whether there is a hotel nobody knows yet: it is given back as well.
    story.asks(HotelReturnRequested(trip_id="t"), FlightReturnRequested(trip_id="t"))


def test_what_cannot_be_undone_is_left():
    story = begin(TRIP, REQUESTED).when(FLOWN).when(HotelFull(trip_id="t"))
    story.when(FlightReturnFailed(trip_id="t")).after(seconds=10).when(FlightReturnFailed(trip_id="t"))

    story.stands("compensation_failed").does("skip", "flight").stands("compensated", flight="left")


def test_an_instance_is_given_up_as_it_is():
    story = begin(TRIP, REQUESTED).when(FLOWN).does("cancel", "a test").asks().stands("failed", flight="done")

    story.after(days=30).asks().stands("failed")
    story.when(FlightReturned(trip_id="t")).stands("failed")


@pytest.mark.parametrize(
    ("verb", "arguments", "why"),
    [
        ("retry", ["approval"], "step approval is skipped"),
        ("retry", ["nothing"], "there is no step 'nothing'"),
        ("skip", ["approval"], "step approval is skipped"),
        ("resume", [], "waits for no operator"),
    ],
)
def test_what_makes_no_sense_is_refused(verb, arguments, why):
    with pytest.raises(VerbRefused, match=why):
        begin(TRIP, REQUESTED).does(verb, *arguments)


@pytest.mark.parametrize("verb", ["retry", "skip", "resume", "cancel", "force_compensation"])
def test_nothing_is_done_to_what_has_ended(verb):
    story = begin(TRIP, REQUESTED).when(BOOKED).when(FLOWN).when(CHARGED).when(ISSUED).stands("completed")
    arguments = {"retry": ["tickets"], "skip": ["tickets"], "cancel": ["why"], "force_compensation": ["why"]}

    with pytest.raises(VerbRefused, match="it is completed"):
        story.does(verb, *arguments.get(verb, []))
