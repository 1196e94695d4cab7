"""Orders' lines, and what there is of products."""

from events.api import load_aggregate
from nova.services.inventory.aggregates.stock import STOCK
from nova.services.inventory.events import Line


def lines(**quantities: int) -> list[Line]:
    """So many of each product."""
    return [Line(product_id=name, quantity=number) for name, number in quantities.items()]


def counts(*product_ids: str) -> list[tuple[int, int, int]]:
    """Free, set aside and sold, of each product."""
    stocks = [load_aggregate(STOCK, product_id).state for product_id in product_ids]
    return [(stock.on_hand, stock.reserved, stock.sold) for stock in stocks]
