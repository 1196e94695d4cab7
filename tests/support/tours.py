"""A saga of tests in the reacting style: a tour that somebody approves, of which a hotel is booked, paid and ticketed.

Tickets that cannot be printed are printed again after a pause; a hotel that is not paid is given back.
"""

from datetime import timedelta

from msgspec import structs

from sagas.api import COMPENSATED, COMPLETED, FAILED, OPERATOR, On, Request, RetryPolicy, Start, State, StateMachine
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
    Trip,
    TripApproved,
    TripDeclined,
    TripRequested,
)

APPROVING = State(
    name="approving",
    on=(
        On(
            event=TripApproved,
            to="booking",
            when=lambda trip, found: trip.people < 20 or found.by == "boss",
            update=lambda trip, found: structs.replace(trip, approved_by=found.by),
        ),
        On(event=TripDeclined, to=FAILED, reason=lambda _: "declined"),
    ),
    deadline=timedelta(days=2),
    late=FAILED,
)
BOOKING = State(
    name="booking",
    request=Request(
        event=HotelRequested, make=lambda trip, _: HotelRequested(trip_id=trip.trip_id, people=trip.people)
    ),
    on=(
        On(event=HotelBooked, to="paying", update=lambda trip, found: structs.replace(trip, room=found.room)),
        On(event=HotelFull, to=FAILED, doubtful="returning", reason=lambda _: "no room"),
    ),
    deadline=timedelta(minutes=5),
    retry=RetryPolicy(limit=1),
    late="returning",
)
PAYING = State(
    name="paying",
    request=Request(event=ChargeRequested, make=lambda trip, _: ChargeRequested(trip_id=trip.trip_id, room=trip.room)),
    on=(On(event=Charged, to="printing"), On(event=ChargeRefused, to="returning", reason=lambda found: found.why)),
    deadline=timedelta(minutes=10),
)
PRINTING = State(
    name="printing",
    request=Request(event=TicketsRequested, make=lambda trip, _: TicketsRequested(trip_id=trip.trip_id)),
    on=(On(event=TicketsIssued, to=COMPLETED), On(event=TicketsFailed, to="pausing")),
    deadline=timedelta(hours=1),
)
PAUSING = State(name="pausing", deadline=timedelta(seconds=30), late="printing")
RETURNING = State(
    name="returning",
    request=Request(event=HotelReturnRequested, make=lambda trip, _: HotelReturnRequested(trip_id=trip.trip_id)),
    on=(On(event=HotelReturned, to=COMPENSATED),),
    deadline=timedelta(minutes=1),
    retry=RetryPolicy(limit=2),
    late=OPERATOR,
)
TOUR = StateMachine(
    name="tour",
    data=Trip,
    key="trip_id",
    starts=(Start(event=TripRequested, data=lambda payload: Trip(trip_id=payload.trip_id, people=payload.people)),),
    states=(APPROVING, BOOKING, PAYING, PRINTING, PAUSING, RETURNING),
)
