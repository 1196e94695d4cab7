"""Reservation aggregate: what is set aside for one order; the order's id is the aggregate's.

    none ──reserve──▶ reserved ──sell──▶ sold
      └────────────────┴──release──▶ released

Each command has exactly one answer and none is refused by an error, for whoever asked waits for an event. Released is
the end, also where nothing was reserved before: a reserve that comes after its release, because it was overtaken on
the way, sets nothing aside. That is why the commands have no names for REST: they go with events of stocks.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from events.api import Aggregate, Command, Issued, aggregates
from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryRefused,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    Line,
    RefusalCode,
    RequestName,
    Shortage,
    StockReleased,
    StockReserved,
    StockSold,
)


class Reserve(Command, frozen=True, kw_only=True):
    """Set all of the lines aside, or nothing."""

    lines: Sequence[Line]
    """Each product once."""
    shortages: Sequence[Shortage]
    """Of which of them there is not enough now."""


class Release(Command, frozen=True, kw_only=True):
    """Set nothing aside any more."""


class Sell(Command, frozen=True, kw_only=True):
    """Let what is set aside leave the house."""


Status = Literal["none", "reserved", "released", "sold"]


class Reservation(Struct, frozen=True, kw_only=True):
    """What is known of what is set aside for an order."""

    status: Status = "none"
    lines: list[Line] = []
    """What is set aside, or was when it was sold."""


def decide(state: Reservation, command: Command, issued: Issued) -> list[Struct]:
    """The one answer to a command."""
    order_id = issued.aggregate_id
    match command:
        case Reserve():
            return [_reserve(state, command, order_id)]
        case Release():
            if state.status == "sold":
                return [_refused(order_id, "release", state)]
            return [InventoryReleased(order_id=order_id, lines=state.lines)]
        case Sell():
            if state.status in {"none", "released"}:
                return [_refused(order_id, "sell", state)]
            return [InventorySold(order_id=order_id, lines=state.lines, repeated=state.status == "sold")]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a reservation")


def evolve(state: Reservation, payload: Struct) -> Reservation:
    """What is so after an event."""
    match payload:
        case InventoryReserved(lines=lines):
            return Reservation(status="reserved", lines=lines)
        case InventoryReleased():
            return Reservation(status="released")
        case InventorySold():
            return structs.replace(state, status="sold")
        case _:
            return state


def stock_events(answer: Struct) -> list[StockReserved | StockReleased | StockSold]:
    """What the answer to a command means for the stock of each product."""
    kind: type[StockReserved | StockReleased | StockSold]
    match answer:
        case InventoryReserved(order_id=order_id, lines=lines, repeated=False):
            kind = StockReserved
        case InventoryReleased(order_id=order_id, lines=lines):
            kind = StockReleased
        case InventorySold(order_id=order_id, lines=lines, repeated=False):
            kind = StockSold
        case _:
            return []
    return [kind(product_id=line.product_id, order_id=order_id, quantity=line.quantity) for line in lines]


def _reserve(state: Reservation, command: Reserve, order_id: str) -> Struct:
    if state.status == "reserved" and state.lines == list(command.lines):
        return InventoryReserved(order_id=order_id, lines=state.lines, repeated=True)
    if state.status != "none":
        return _refused(order_id, "reserve", state)
    if command.shortages:
        first, *others = command.shortages
        return InsufficientInventory(
            order_id=order_id,
            product_id=first.product_id,
            requested=first.requested,
            available=first.available,
            others=others,
        )
    return InventoryReserved(order_id=order_id, lines=list(command.lines))


def _refused(order_id: str, request: RequestName, state: Reservation) -> InventoryRefused:
    code, reason = _REASONS[state.status]
    return InventoryRefused(order_id=order_id, request=request, code=code, reason=reason)


_REASONS: dict[Status, tuple[RefusalCode, str]] = {
    "none": ("not_reserved", "nothing is set aside for the order"),
    "reserved": ("already_reserved", "something else is set aside for the order; release it first"),
    "released": ("already_released", "the order was released, and nothing is set aside for it any more"),
    "sold": ("already_sold", "what was set aside for the order has left the house"),
}

RESERVATION = aggregates.register(
    Aggregate(
        name="reservation",
        initial=Reservation(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(InventoryReserved, InventoryReleased, InventorySold),
        commands={},
    )
)
