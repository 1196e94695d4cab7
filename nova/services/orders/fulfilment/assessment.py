"""Assessment of an order: whether there is enough of everything, and what it costs, which no order knows itself.

Pure, but for the ports that it is given. What it finds are events; `command_for` says by which command an order takes
them over, and `reaction_to` what follows from them.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct

from events.api import Command
from nova.services.field_types import MAX_AMOUNT
from nova.services.inventory.events import InsufficientInventory, Shortage
from nova.services.orders.aggregates import Order
from nova.services.orders.commands import CancelOrder, PriceOrder, ReportShortage
from nova.services.orders.events import OrderCreated, PriceCalculated


class Stock(Protocol):
    """Who knows what is there."""

    def available(self, order_id: str, product_ids: Collection[str]) -> Mapping[str, int]:
        """How much of these products is there for an order, what is set aside for it included; nothing is said of
        those that are not counted.
        """
        ...


class Prices(Protocol):
    """Who knows what things cost."""

    def unit_price(self, product_id: str, currency: str) -> int | None:
        """What one costs, in the currency's smallest unit; None where the price that the order names holds."""
        ...


class Notifications(Protocol):
    """Who tells people."""

    def order_created(self, order: OrderCreated, order_state: Order) -> None:
        """Tell of a new order."""
        ...


def assess(order_id: str, order: Order, *, stock: Stock, prices: Prices) -> list[Struct]:
    """What is true of an order and not known to it yet; nothing for one that is no longer open."""
    if order.status != "open":
        return []
    found: list[Struct] = []
    there = stock.available(order_id, order.lines)
    for product_id, line in order.lines.items():
        available = there.get(product_id)
        if available is not None and available < line.quantity and order.shortages.get(product_id) != available:
            found.append(
                InsufficientInventory(
                    order_id=order_id, product_id=product_id, requested=line.quantity, available=available
                )
            )
    total = new_price(order, prices)
    if total is not None:
        found.append(PriceCalculated(order_id=order_id, total=total, currency=order.currency))
    return found


def new_price(order: Order, prices: Prices) -> int | None:
    """What an order costs, where it does not know that yet; None where it does."""
    total = _total(order, prices)
    # What cannot be counted is no price; the sum of the order's own lines holds then.
    return None if total == order.price or total > MAX_AMOUNT else total


def command_for(found: Struct) -> Command:
    """The command by which the order takes over what was found."""
    match found:
        case InsufficientInventory(product_id=product_id, requested=requested, available=available):
            return ReportShortage(product_id=product_id, requested=requested, available=available)
        case PriceCalculated(total=total):
            return PriceOrder(total=total)
        case _:
            raise TypeError(f"{type(found).__name__} is nothing that is found out about an order")


def shortage_of(order: Order, insufficient: InsufficientInventory) -> Shortage | None:
    """What still stands in the way of an order, which may have changed since it was found; None when nothing does."""
    if order.status != "open":
        return None
    quantities = {product_id: line.quantity for product_id, line in order.lines.items()}
    return next((one for one in insufficient.shortages if quantities.get(one.product_id, 0) > one.available), None)


def reaction_to(shortage: Shortage) -> Command:
    """What follows from a shortage: half an order is none."""
    what = f"{shortage.available} of {shortage.requested} {shortage.product_id}"
    return CancelOrder(reason=f"insufficient inventory: {what}"[:255])


def _total(order: Order, prices: Prices) -> int:
    total = 0
    for product_id, line in order.lines.items():
        listed = prices.unit_price(product_id, order.currency)
        total += line.quantity * (line.unit_price if listed is None else listed)
    return total
