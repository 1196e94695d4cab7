"""A saga of tests: a trip of which hotel and flight are booked side by side, paid, and ticketed.

The hotel and the flight can be given back; payment decides; tickets are issued until they are there. A group of more
than nine waits for a person's word first.
"""

from datetime import timedelta

from msgspec import Struct, structs

from events.api import event
from sagas.api import Compensation, Kind, Parallel, Request, RetryPolicy, Saga, Start, Step, done, failed, refused

OWNER = "travel-tests"


@event("trip.requested", owner=OWNER, key="trip_id")
class TripRequested(Struct, frozen=True, kw_only=True):
    trip_id: str
    people: int = 1


@event("trip.approved", owner=OWNER, key="trip_id")
class TripApproved(Struct, frozen=True, kw_only=True):
    trip_id: str
    by: str = "ann"


@event("trip.declined", owner=OWNER, key="trip_id")
class TripDeclined(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("hotel.booking_requested", owner=OWNER, key="trip_id")
class HotelRequested(Struct, frozen=True, kw_only=True):
    trip_id: str
    people: int


@event("hotel.booked", owner=OWNER, key="trip_id")
class HotelBooked(Struct, frozen=True, kw_only=True):
    trip_id: str
    room: str = "12"


@event("hotel.booking_failed", owner=OWNER, key="trip_id")
class HotelFull(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("hotel.return_requested", owner=OWNER, key="trip_id")
class HotelReturnRequested(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("hotel.returned", owner=OWNER, key="trip_id")
class HotelReturned(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.booking_requested", owner=OWNER, key="trip_id")
class FlightRequested(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.booked", owner=OWNER, key="trip_id")
class FlightBooked(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.booking_failed", owner=OWNER, key="trip_id")
class FlightFailed(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.return_requested", owner=OWNER, key="trip_id")
class FlightReturnRequested(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.returned", owner=OWNER, key="trip_id")
class FlightReturned(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("flight.return_failed", owner=OWNER, key="trip_id")
class FlightReturnFailed(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("trip.charge_requested", owner=OWNER, key="trip_id")
class ChargeRequested(Struct, frozen=True, kw_only=True):
    trip_id: str
    room: str


@event("trip.charged", owner=OWNER, key="trip_id")
class Charged(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("trip.charge_refused", owner=OWNER, key="trip_id")
class ChargeRefused(Struct, frozen=True, kw_only=True):
    trip_id: str
    why: str = "no funds"


@event("trip.tickets_requested", owner=OWNER, key="trip_id")
class TicketsRequested(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("trip.tickets_issued", owner=OWNER, key="trip_id")
class TicketsIssued(Struct, frozen=True, kw_only=True):
    trip_id: str


@event("trip.tickets_failed", owner=OWNER, key="trip_id")
class TicketsFailed(Struct, frozen=True, kw_only=True):
    trip_id: str


class Trip(Struct, frozen=True, kw_only=True):
    """What the saga knows of a trip."""

    trip_id: str
    people: int
    room: str = ""
    approved_by: str = ""


APPROVAL = Step(
    name="approval",
    replies=(done(TripApproved, lambda trip, payload: structs.replace(trip, approved_by=payload.by)),),
    when=lambda trip: trip.people > 9,
    deadline=timedelta(days=2),
)
HOTEL = Step(
    name="hotel",
    request=Request(
        event=HotelRequested, make=lambda trip, _: HotelRequested(trip_id=trip.trip_id, people=trip.people)
    ),
    replies=(
        done(HotelBooked, lambda trip, payload: structs.replace(trip, room=payload.room)),
        refused(HotelFull, lambda _: "no room"),
    ),
    compensation=Compensation(
        request=Request(event=HotelReturnRequested, make=lambda trip, _: HotelReturnRequested(trip_id=trip.trip_id)),
        replies=(done(HotelReturned),),
    ),
    deadline=timedelta(minutes=5),
    retry=RetryPolicy(limit=1),
)
FLIGHT = Step(
    name="flight",
    request=Request(event=FlightRequested, make=lambda trip, _: FlightRequested(trip_id=trip.trip_id)),
    replies=(done(FlightBooked), failed(FlightFailed)),
    compensation=Compensation(
        request=Request(event=FlightReturnRequested, make=lambda trip, _: FlightReturnRequested(trip_id=trip.trip_id)),
        replies=(done(FlightReturned), failed(FlightReturnFailed)),
        retry=RetryPolicy(limit=1, base=10.0),
    ),
    deadline=timedelta(minutes=5),
    retry=RetryPolicy(limit=1, base=60.0),
)
CHARGE = Step(
    name="charge",
    kind=Kind.PIVOT,
    request=Request(event=ChargeRequested, make=lambda trip, _: ChargeRequested(trip_id=trip.trip_id, room=trip.room)),
    replies=(done(Charged), refused(ChargeRefused, lambda payload: payload.why)),
    deadline=timedelta(minutes=10),
    retry=RetryPolicy(limit=1),
)
TICKETS = Step(
    name="tickets",
    kind=Kind.RETRIABLE,
    request=Request(event=TicketsRequested, make=lambda trip, _: TicketsRequested(trip_id=trip.trip_id)),
    replies=(done(TicketsIssued), failed(TicketsFailed)),
    deadline=timedelta(hours=1),
    retry=RetryPolicy(limit=2, base=30.0),
)
TRIP = Saga(
    name="trip",
    data=Trip,
    key="trip_id",
    starts=(Start(event=TripRequested, data=lambda payload: Trip(trip_id=payload.trip_id, people=payload.people)),),
    stages=(APPROVAL, Parallel((HOTEL, FLIGHT)), CHARGE, TICKETS),
)
