"""Queries of inventory: how much of a product there is for an order, and what it costs, read from the aggregates."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from events.api import load_aggregate
from nova.services.inventory.aggregates.reservation import RESERVATION, Reservation
from nova.services.inventory.aggregates.stock import STOCK, Stock


class CurrentStock(Struct, frozen=True):
    """Stock and prices as they are at the time of the question. What is free may be gone before it is reserved."""

    def available(self, order_id: str, product_ids: Collection[str]) -> Mapping[str, int]:
        """How many of each product the order can have: what is free, and what it has already.

        Nothing is said of a product of which none ever came in: nobody counts it.
        """
        # Stock first: what is set aside for the order in between counts twice then, and otherwise not at all, and the
        # order would be cancelled for want of what it has.
        stocks = {product_id: _stock(product_id) for product_id in product_ids}
        reservation: Reservation = load_aggregate(RESERVATION, order_id).state
        own = {line.product_id: line.quantity for line in reservation.lines}
        return {name: stock.on_hand + own.get(name, 0) for name, stock in stocks.items() if stock.is_counted}

    def unit_price(self, product_id: str, currency: str) -> int | None:
        """What one costs, in the currency's smallest unit; None where it has no price in that currency."""
        return _stock(product_id).prices.get(currency)


def _stock(product_id: str) -> Stock:
    state: Stock = load_aggregate(STOCK, product_id).state
    return state
