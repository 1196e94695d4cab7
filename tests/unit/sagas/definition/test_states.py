"""A state machine that could end badly is refused, and its shape is that of its states."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from sagas.api import COMPLETED, Interrupt, InvalidSaga, On, StateMachine, shape_of
from sagas.definition.state_validation import reasons_against_states
from sagas.definition.validation import reasons_against, validate
from tests.support.tours import APPROVING, BOOKING, PAUSING, PAYING, PRINTING, RETURNING, TOUR
from tests.support.trips import HOTEL, HotelBooked, HotelReturned, TicketsIssued, TripApproved, TripRequested


def changed(*states: Any, **fields: Any) -> StateMachine:
    """The tour, some states of which are others."""
    known = {state.name: state for state in (*TOUR.states, *states)}
    return structs.replace(TOUR, states=tuple(known.values()), **fields)


def test_a_sound_one_passes():
    assert reasons_against(TOUR) == []


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (structs.replace(TOUR, states=()), "it has no steps"),
        (changed(stages=(HOTEL,)), "it has states, and stages as well"),
        (changed(interrupts=(Interrupt(event=TripApproved),)), "it has states, and interrupts as well"),
        (changed(starts=()), "nothing starts it"),
        (changed(key="order_id"), "TripRequested has no field 'order_id'"),
        (changed(structs.replace(PAYING, deadline=None)), "'paying' asks for something and has no deadline"),
        (changed(structs.replace(PAUSING, late="nowhere")), "state 'pausing' leads to 'nowhere', which there is not"),
        (changed(structs.replace(PAUSING, deadline=None)), "nothing leads out of state 'pausing'"),
        (changed(structs.replace(PAUSING, name="lost")), "state 'lost' cannot be reached"),
        (changed(structs.replace(PAUSING, name=COMPLETED)), "a state is called 'completed', as an end is"),
        (
            changed(structs.replace(BOOKING, on=(*BOOKING.on, On(event=HotelBooked, to="paying")))),
            "state 'booking' reacts to HotelBooked in 2 ways",
        ),
        (
            changed(structs.replace(RETURNING, on=(On(event=HotelReturned, to="returning"),))),
            "from state 'returning' no end can be reached",
        ),
        (
            changed(structs.replace(PRINTING, on=(On(event=TicketsIssued, to="pausing"),))),
            "it can never be completed",
        ),
        (
            changed(structs.replace(APPROVING, retry=BOOKING.retry)),
            "state 'approving' asks again, and asks for nothing, or has no deadline",
        ),
        (
            changed(structs.replace(PAYING, on=(*PAYING.on, On(event=TripRequested, to="printing")))),
            "TripRequested starts it and is a reply",
        ),
        (
            changed(structs.replace(PAYING, on=(*PAYING.on, On(event=PAYING.request.event, to="printing")))),  # type: ignore[union-attr]
            "ChargeRequested is asked for and listened to",
        ),
    ],
)
def test_what_could_end_badly_is_refused(machine: StateMachine, why: str):
    with pytest.raises(InvalidSaga) as refused:
        validate(machine)
    assert any(why in reason for reason in refused.value.reasons), refused.value.reasons


def test_the_way_round_is_no_fault():
    assert "printing" in TOUR.ahead("printing")
    assert list(reasons_against_states(TOUR)) == []


def test_where_a_state_leads_belongs_to_the_shape_and_times_do_not():
    elsewhere = structs.replace(APPROVING.on[0], to="paying")

    assert shape_of(changed(structs.replace(APPROVING, on=(elsewhere, *APPROVING.on[1:])))) != shape_of(TOUR)
    assert shape_of(changed(structs.replace(RETURNING, late="paying"))) != shape_of(TOUR)
    assert shape_of(changed(structs.replace(PAYING, deadline=timedelta(days=1)))) == shape_of(TOUR)
    assert APPROVING.on[0].event is TripApproved
