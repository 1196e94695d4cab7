"""Commands of inventory: set stock aside for an order, let go of it, or let it leave; all products or none.

Each is answered by exactly one event in the order's reservation, and changes the stocks of all its products in the same
append. It takes effect once per `command_id`: a repetition gets its first answer. Asked again under another id, it says
again what is so already (`repeated`), and changes nothing. In an open transaction everything becomes part of it.

Locks are taken on the orders first and on the products of all of them then, each kind in the order of names. Whoever
calls several of these functions in one transaction holds what it has taken to its end, so let it take orders and
products in one order everywhere.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.api import Command, Issued
from nova.services.inventory.aggregates.reservation import (
    RESERVATION,
    Release,
    Reservation,
    Reserve,
    Sell,
    stock_events,
)
from nova.services.inventory.aggregates.stock import STOCK, Stock
from nova.services.inventory.events import Line, ReleaseRequested, ReserveRequested, SellRequested, Shortage
from nova.services.requests.answers import Happening, answer
from nova.services.requests.request import Request
from nova.services.requests.unit_of_work import UnitOfWork


def reserve_stock(
    *,
    order_id: str,
    lines: Sequence[Line],
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Set all of the lines aside for the order, or nothing.

    The answer is `InventoryReserved`; `InsufficientInventory` when there is not enough of something, which may be asked
    for again; or `InventoryRefused` when the order has other lines set aside, was released or sold.
    """
    body = ReserveRequested(order_id=order_id, lines=list(lines))
    return _answer_one(body, command_id, correlation_id, causation_id)


def release_stock(
    *,
    order_id: str,
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Let go of what is set aside for the order, and set nothing aside for it any more, whatever comes later.

    The answer is `InventoryReleased`, without lines where nothing was set aside; or `InventoryRefused` when it has left
    the house.
    """
    return _answer_one(ReleaseRequested(order_id=order_id), command_id, correlation_id, causation_id)


def sell_stock(
    *,
    order_id: str,
    command_id: UUID,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Struct:
    """Let what is set aside for the order leave the house.

    The answer is `InventorySold`, or `InventoryRefused` when nothing is set aside.
    """
    return _answer_one(SellRequested(order_id=order_id), command_id, correlation_id, causation_id)


def answer_requests(requests: Sequence[Request]) -> list[Struct]:
    """Answer several requests in their order, in one transaction and one append."""
    return answer(requests, prepare=_lock, decide=_decide)


def _answer_one(body: Struct, command_id: UUID, correlation_id: UUID | None, causation_id: UUID | None) -> Struct:
    request = Request(body=body, command_id=command_id, correlation_id=correlation_id, causation_id=causation_id)
    return answer_requests([request])[0]


def _lock(work: UnitOfWork, requests: Sequence[Request]) -> None:
    """Take the orders, and then the products of what they ask for and of what is set aside for them."""
    order_ids = {request.order_id for request in requests}
    work.lock(RESERVATION, *order_ids)
    asked_for = [line for request in requests for line in _lines(request.body)]
    set_aside = [line for order_id in order_ids for line in _reservation(work, order_id).lines]
    work.lock(STOCK, *(line.product_id for line in (*asked_for, *set_aside)))


def _decide(work: UnitOfWork, request: Request) -> Iterator[Happening]:
    order_id = request.order_id
    command = _command(work, request.body)
    issued = Issued(aggregate_id=order_id, command_id=request.command_id, at=request.at, user_id=request.user_id)
    (reply,) = RESERVATION.decide(_reservation(work, order_id), command, issued)
    yield RESERVATION, order_id, reply
    for moved in stock_events(reply):
        yield STOCK, moved.product_id, moved


def _command(work: UnitOfWork, body: Struct) -> Command:
    match body:
        case ReserveRequested():
            lines = _lines(body)
            return Reserve(lines=lines, shortages=[found for line in lines if (found := _shortage(work, line))])
        case ReleaseRequested():
            return Release()
        case SellRequested():
            return Sell()
        case _:
            raise TypeError(f"{type(body).__name__} asks for nothing that inventory does")


def _lines(body: Any) -> list[Line]:
    """What a request asks for, each product once, in the order of their names."""
    quantities: dict[str, int] = {}
    for line in body.lines if isinstance(body, ReserveRequested) else ():
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    return [Line(product_id=product_id, quantity=quantities[product_id]) for product_id in sorted(quantities)]


def _shortage(work: UnitOfWork, line: Line) -> Shortage | None:
    stock: Stock = work.state(STOCK, line.product_id)
    if stock.on_hand >= line.quantity:
        return None
    return Shortage(product_id=line.product_id, requested=line.quantity, available=max(stock.on_hand, 0))


def _reservation(work: UnitOfWork, order_id: str) -> Reservation:
    state: Reservation = work.state(RESERVATION, order_id)
    return state
