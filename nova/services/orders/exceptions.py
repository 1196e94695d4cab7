"""Errors of the orders' read model; what the rules of orders refuse stands in `commands`."""

from projections.api import ReadModelError


class OrderNotFound(ReadModelError):
    """No order has that id, or the read model has not come to it yet."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no order has the id {order_id!r}")
        self.order_id = order_id
