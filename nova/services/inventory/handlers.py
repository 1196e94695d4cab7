"""Inventory handlers: the group `inventory-service` answers what others ask of it by events."""

from collections.abc import Sequence

from nova.services.inventory.commands import answer_requests
from nova.services.inventory.events import ReleaseRequested, ReserveRequested, SellRequested
from nova.services.inventory.service import SERVICE
from nova.services.requests.request import request_of
from outbox.api import ReceivedEvent, handles


@handles(ReserveRequested, ReleaseRequested, SellRequested, group=SERVICE.name, batch=True)
def answer_inventory_requests(events: Sequence[ReceivedEvent]) -> None:
    """Answer all of them at once: locks are taken in one order, and stock is counted once for the whole batch."""
    answer_requests([request_of(event) for event in events])
