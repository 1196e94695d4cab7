"""Assessment of an order: whether there is enough of everything, and what it costs, which no order knows itself.

Pure, but for the ports that it is given. What it finds are events; `command_for` says by which command an order takes
them over, and `reaction_to` what follows from them.
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from events.api import Command
from nova.services.orders.aggregates import Line, Order
from nova.services.orders.commands import CancelOrder, PriceOrder, ReportShortage
from nova.services.orders.events import InsufficientInventory, OrderCreated, PriceCalculated


class Stock(Protocol):
    """Who knows what is there."""

    def available(self, product_id: str) -> int | None:
        """How much of a product is there; None where that is not counted."""
        ...


class Prices(Protocol):
    """Who knows what things cost."""

    def total(self, currency: str, lines: Mapping[str, Line]) -> int:
        """What all of it costs, in the currency's smallest unit."""
        ...


class Notifications(Protocol):
    """Who tells people."""

    def order_created(self, order: OrderCreated, order_state: Order) -> None:
        """Tell of a new order."""
        ...


class CountedStock(Struct, frozen=True):
    """Stock as a list of counts; what is not on the list is not counted."""

    counts: Mapping[str, int]

    def available(self, product_id: str) -> int | None:
        """How much is there."""
        return self.counts.get(product_id)


class ItemPrices(Struct, frozen=True):
    """The prices that the order itself names."""

    def total(self, currency: str, lines: Mapping[str, Line]) -> int:
        """The sum of the lines."""
        return sum(line.quantity * line.unit_price for line in lines.values())


def assess(order_id: str, order: Order, *, stock: Stock, prices: Prices) -> list[Struct]:
    """What is true of an order and not known to it yet; nothing for one that is no longer open."""
    if order.status != "open":
        return []
    found: list[Struct] = []
    for product_id, line in order.lines.items():
        available = stock.available(product_id)
        if available is not None and available < line.quantity and order.shortages.get(product_id) != available:
            found.append(
                InsufficientInventory(
                    order_id=order_id, product_id=product_id, requested=line.quantity, available=available
                )
            )
    total = prices.total(order.currency, order.lines)
    if total != order.price:
        found.append(PriceCalculated(order_id=order_id, total=total, currency=order.currency))
    return found


def command_for(found: Struct) -> Command:
    """The command by which the order takes over what was found."""
    match found:
        case InsufficientInventory(product_id=product_id, requested=requested, available=available):
            return ReportShortage(product_id=product_id, requested=requested, available=available)
        case PriceCalculated(total=total):
            return PriceOrder(total=total)
        case _:
            raise TypeError(f"{type(found).__name__} is nothing that is found out about an order")


def is_short(order: Order, shortage: InsufficientInventory) -> bool:
    """Whether the shortage still stands in the way of an order, which may have changed since it was found."""
    line = order.lines.get(shortage.product_id)
    return order.status == "open" and line is not None and line.quantity > shortage.available


def reaction_to(shortage: InsufficientInventory) -> Command:
    """What follows from a shortage: half an order is none."""
    what = f"{shortage.available} of {shortage.requested} {shortage.product_id}"
    return CancelOrder(reason=f"insufficient inventory: {what}"[:255])
