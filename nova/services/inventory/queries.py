"""Queries of inventory: how much of a product there is, and what it costs, read from its aggregate."""

from msgspec import Struct

from events.api import load_aggregate
from nova.services.inventory.aggregates.stock import STOCK, Stock


class CurrentStock(Struct, frozen=True):
    """Stock and prices as they are at the time of the question. What was found may be gone before it is reserved."""

    def available(self, product_id: str) -> int | None:
        """How many can be set aside for an order; None where none ever came in, so that nobody counts them."""
        stock = _stock(product_id)
        return stock.on_hand if stock.is_counted else None

    def unit_price(self, product_id: str, currency: str) -> int | None:
        """What one costs, in the currency's smallest unit; None where it has no price in that currency."""
        return _stock(product_id).prices.get(currency)


def _stock(product_id: str) -> Stock:
    state: Stock = load_aggregate(STOCK, product_id).state
    return state
