"""Trips in states that tests look at, brought there by events as in life."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from outbox.api import ConsumerGroup, take_effect
from outbox.testing import received
from sagas.api import fire_due, saga_id_of
from tests.support.trips import (
    Charged,
    FlightBooked,
    HotelBooked,
    TicketsFailed,
    TripRequested,
)


def live(group: ConsumerGroup, trip_id: str, *payloads: type) -> UUID:
    """Let these happen to a trip; the saga's id."""
    take_effect(group, [received(payload(trip_id=trip_id), event_id=uuid4()) for payload in payloads])
    return saga_id_of("trip", trip_id)


def stuck_trip(group: ConsumerGroup, trip_id: str = "t") -> UUID:
    """A trip that was paid, and whose tickets are not to be had: it waits for an operator."""
    live(group, trip_id, TripRequested, HotelBooked, FlightBooked, Charged)
    for attempt in range(1, 4):
        live(group, trip_id, TicketsFailed)
        if attempt < 3:
            fire_due(now=datetime.now(UTC) + timedelta(minutes=attempt * 5))
    return saga_id_of("trip", trip_id)
