"""Recorded histories: a definition that would lead elsewhere is told with the first transition that differs."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from sagas.api import Parallel, Request, RetryPolicy, Saga, Step, done
from sagas.exceptions import CannotRecord
from sagas.histories.history import History, history_in, text_of
from sagas.histories.masking import masked
from sagas.histories.replay import Difference, first_difference, replayed
from sagas.testing import begin
from tests.support.trips import (
    APPROVAL,
    CHARGE,
    FLIGHT,
    HOTEL,
    TICKETS,
    TRIP,
    Charged,
    ChargeRefused,
    ChargeRequested,
    FlightBooked,
    FlightFailed,
    FlightReturned,
    HotelBooked,
    HotelRequested,
    HotelReturned,
    TicketsFailed,
    TicketsIssued,
    Trip,
    TripApproved,
    TripRequested,
)


def completed() -> History:
    """A large trip: approved, its hotel asked for twice, its flight after a failure, its tickets with an operator."""
    story = begin(TRIP, TripRequested(trip_id="t", people=12)).when(TripApproved(trip_id="t"))
    story.when(FlightFailed(trip_id="t")).after(minutes=5).when(FlightBooked(trip_id="t"))
    story.when(HotelBooked(trip_id="t")).when(Charged(trip_id="t")).when(TicketsFailed(trip_id="t")).after(hours=1)
    story.when(TicketsFailed(trip_id="t")).after(hours=1).when(TicketsFailed(trip_id="t")).stands("awaiting_operator")
    story.does("edit", Trip(trip_id="t", people=11, room="12", approved_by="ann")).does("retry", "tickets")
    return story.when(TicketsIssued(trip_id="t")).stands("completed").history()


def compensated() -> History:
    story = begin(TRIP, TripRequested(trip_id="t")).when(FlightBooked(trip_id="t")).when(HotelBooked(trip_id="t"))
    story.when(ChargeRefused(trip_id="t")).when(HotelReturned(trip_id="t")).when(FlightReturned(trip_id="t"))
    return story.stands("compensated").history()


def given_up() -> History:
    story = begin(TRIP, TripRequested(trip_id="t")).when(HotelBooked(trip_id="t"))
    story.does("force_compensation", "a mistake").when(HotelReturned(trip_id="t"))
    return story.does("cancel", "enough").stands("failed").history()


def under_way() -> History:
    return begin(TRIP, TripRequested(trip_id="t")).when(FlightBooked(trip_id="t")).history()


def trip(*stages: Step | Parallel) -> Saga:
    return structs.replace(TRIP, stages=stages)


def difference(saga: Saga, history: History) -> Difference:
    found = first_difference(saga, history)
    assert found is not None
    return found


CHECKED = Step(
    name="checked", request=HOTEL.request, replies=(done(TripApproved),), changes=False, deadline=HOTEL.deadline
)
OTHER_ASKED = structs.replace(
    CHARGE, request=Request(event=ChargeRequested, make=lambda data, _: ChargeRequested(trip_id=data.trip_id, room="?"))
)


@pytest.mark.parametrize("history", [completed(), compensated(), given_up(), under_way()])
def test_what_has_not_changed_leads_to_the_same_again(history: History) -> None:
    assert first_difference(TRIP, history) is None
    assert first_difference(TRIP, history_in(text_of(history))) is None
    assert replayed(TRIP, history_in(text_of(history))) == history_in(text_of(history))


@pytest.mark.parametrize(
    ("saga", "history", "number", "what", "would_be"),
    [
        (trip(APPROVAL, CHECKED, Parallel((HOTEL, FLIGHT)), CHARGE, TICKETS), compensated(), 1, "steps", "checked"),
        (trip(APPROVAL, HOTEL, FLIGHT, CHARGE, TICKETS), compensated(), 1, "steps", "hotel"),
        (
            trip(APPROVAL, Parallel((HOTEL, FLIGHT)), structs.replace(CHARGE, replies=(done(Charged),)), TICKETS),
            compensated(),
            4,
            "outcome",
            "nothing, for no step waits for it any more",
        ),
        (trip(APPROVAL, Parallel((HOTEL, FLIGHT)), OTHER_ASKED, TICKETS), compensated(), 3, "requests", '"room":"?"'),
        (
            trip(APPROVAL, Parallel((structs.replace(HOTEL, retry=RetryPolicy(limit=0)), FLIGHT)), CHARGE, TICKETS),
            completed(),
            5,
            "status",
            "compensating",
        ),
        (
            trip(APPROVAL, Parallel((structs.replace(HOTEL, replies=(done(HotelBooked),)), FLIGHT)), CHARGE, TICKETS),
            compensated(),
            3,
            "changes",
            "[]",
        ),
        (trip(APPROVAL, Parallel((HOTEL, FLIGHT)), CHARGE), completed(), 8, "status", "completed"),
        (trip(APPROVAL, Parallel((HOTEL, FLIGHT)), CHARGE, TICKETS), completed(), 0, "", ""),
    ],
    ids=["inserted", "one by one", "reply dropped", "asks otherwise", "no retry", "data unchanged", "shorter", "same"],
)
def test_the_first_transition_that_differs_is_told(
    saga: Saga, history: History, number: int, what: str, would_be: str
) -> None:
    found = first_difference(saga, history)

    assert (found.number, found.what) == (number, what) if found else number == 0
    assert would_be in (found.would_be if found else "")


@pytest.mark.parametrize(
    "changes",
    [
        {"deadline": timedelta(days=1)},
        {"deadline": timedelta(seconds=1)},
        {"retry": RetryPolicy(limit=7, base=1.0)},
    ],
)
def test_times_and_more_attempts_break_nothing(changes: dict[str, Any]) -> None:
    changed = trip(APPROVAL, Parallel((structs.replace(HOTEL, **changes), FLIGHT)), CHARGE, TICKETS)

    assert first_difference(changed, completed()) is None


def test_a_step_behind_those_that_were_reached_breaks_nothing() -> None:
    assert (
        first_difference(trip(APPROVAL, Parallel((HOTEL, FLIGHT)), CHARGE, CHECKED_LATER, TICKETS), under_way()) is None
    )


CHECKED_LATER = structs.replace(TICKETS, name="checked")


def test_a_deadline_that_is_gone_does_break_it() -> None:
    waits = Step(name="approval", replies=APPROVAL.replies, deadline=timedelta(days=2))
    history = begin(trip(waits, CHARGE), TripRequested(trip_id="t")).after(days=2).history()

    found = difference(trip(structs.replace(waits, deadline=None), CHARGE), history)

    assert (found.number, found.came, found.what) == (2, "deadline of approval", "status")


def test_a_verb_that_would_be_refused_is_told() -> None:
    history = history_in(text_of(completed()).replace('"verb": "retry"', '"verb": "hurry"'))

    found = difference(TRIP, history)

    assert found.came == "hurry by an operator"
    assert "nothing: the operator cannot hurry: there is no such verb" in found.would_be


def test_what_a_function_raises_is_told_and_not_raised() -> None:
    def broken(data: Any, _: int) -> HotelRequested:
        raise LookupError("no such hotel")

    hotel = structs.replace(HOTEL, request=Request(event=HotelRequested, make=broken))

    found = difference(trip(APPROVAL, Parallel((hotel, FLIGHT)), CHARGE, TICKETS), compensated())

    assert (found.number, found.what, found.would_be) == (1, "outcome", "LookupError: no such hotel")
    assert replayed(trip(APPROVAL, Parallel((hotel, FLIGHT)), CHARGE, TICKETS), compensated()) is None


def test_a_changed_history_is_written_as_it_would_be_now() -> None:
    changed = trip(APPROVAL, Parallel((HOTEL, FLIGHT)), OTHER_ASKED, TICKETS)

    now = replayed(changed, compensated())

    assert now is not None
    assert first_difference(changed, now) is None
    assert first_difference(TRIP, now) is not None


def test_texts_about_people_are_replaced_and_it_is_replayed_all_the_same() -> None:
    told = masked(TRIP, completed(), {"ann": "somebody"})

    assert '"ann"' not in text_of(told)
    assert '"somebody"' in text_of(told)
    assert first_difference(TRIP, told) is None


def test_a_key_cannot_be_replaced() -> None:
    history = begin(TRIP, TripRequested(trip_id="ann@example.com")).history()

    with pytest.raises(CannotRecord, match="it would not be replayed: transition 1"):
        masked(TRIP, history, {"ann@example.com": "t"})
