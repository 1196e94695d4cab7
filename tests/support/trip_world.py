"""The world around a trip: a hotel, an airline and a bank that keep what they have done."""

from collections.abc import Sequence
from typing import Any

from sagas.explorer.scenario import Scenario
from sagas.machine.instance import Instance, Status
from tests.support.trips import (
    TRIP,
    Charged,
    ChargeRefused,
    ChargeRequested,
    FlightBooked,
    FlightFailed,
    FlightRequested,
    FlightReturned,
    FlightReturnFailed,
    FlightReturnRequested,
    HotelBooked,
    HotelFull,
    HotelRequested,
    HotelReturned,
    HotelReturnRequested,
    TicketsFailed,
    TicketsIssued,
    TicketsRequested,
    TripRequested,
)


class Place:
    """What can be booked and given back; once given back, it is not booked any more, however late it is asked for."""

    booked = False
    given_back = False

    def book(self) -> bool:
        self.booked = not self.given_back
        return self.booked

    def give_back(self) -> None:
        self.booked, self.given_back = False, True


class Hotel(Place):
    requests = (HotelRequested, HotelReturnRequested)

    def answer(self, request: Any, choose: Any) -> Any:
        if isinstance(request, HotelReturnRequested):
            self.give_back()
            return HotelReturned(trip_id=request.trip_id)
        if not self.booked and choose(3) == 1:
            return HotelFull(trip_id=request.trip_id)
        return HotelBooked(trip_id=request.trip_id) if self.book() else HotelFull(trip_id=request.trip_id)


class Airline(Place):
    requests = (FlightRequested, FlightReturnRequested)

    def answer(self, request: Any, choose: Any) -> Any:
        if isinstance(request, FlightReturnRequested):
            if choose(3) == 1:
                return FlightReturnFailed(trip_id=request.trip_id)
            self.give_back()
            return FlightReturned(trip_id=request.trip_id)
        if not self.booked and choose(3) == 1:
            return FlightFailed(trip_id=request.trip_id)
        return FlightBooked(trip_id=request.trip_id) if self.book() else FlightFailed(trip_id=request.trip_id)


class Bank:
    requests = (ChargeRequested,)
    charged = 0
    refused = False

    def answer(self, request: Any, choose: Any) -> Any:
        self.refused = self.refused or (not self.charged and choose(3) == 1)
        if self.refused:
            return ChargeRefused(trip_id=request.trip_id)
        self.charged = 1
        return Charged(trip_id=request.trip_id)


class Printer:
    requests = (TicketsRequested,)
    printed = False

    def answer(self, request: Any, choose: Any) -> Any:
        if choose(3) == 1:
            return TicketsFailed(trip_id=request.trip_id)
        self.printed = True
        return TicketsIssued(trip_id=request.trip_id)


def violation(instance: Instance, participants: Sequence[Any]) -> str:
    """What must not be."""
    hotel, airline, bank, printer = participants
    kept = (hotel.booked, airline.booked, bool(bank.charged))
    if instance.status is Status.COMPLETED and not (all(kept) and printer.printed):
        return f"completed, and hotel, flight, money are {kept}"
    if instance.status is Status.COMPENSATED and any(kept):
        return f"compensated, and hotel, flight, money are {kept}"
    return ""


A_TRIP = Scenario(
    saga=TRIP,
    events=(TripRequested(trip_id="t", people=2),),
    participants=lambda: (Hotel(), Airline(), Bank(), Printer()),
    violation=violation,
)
