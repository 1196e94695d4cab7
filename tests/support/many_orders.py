"""Many orders: what is ordered and how each order must end, clients that order it, and what is left at the end.

Which end an order has does not depend on chance: one of five costs more than the provider approves, one of fifty wants
more of a product than there ever was, and all others are fulfilled.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import NAMESPACE_OID, uuid5

from msgspec import Struct

from events.api import execute, load_aggregate
from nova.services.identity.aggregates import CreateUser
from nova.services.inventory.aggregates.stock import STOCK, ReceiveStock
from nova.services.orders.aggregates import ORDER
from nova.services.payments.aggregates import PAYMENT
from tests.support.production import Production

PRODUCTS = tuple(f"product-{number}" for number in range(20))
SCARCE = "scarce"
CUSTOMER = "ann"
PLENTY = 10_000
APPROVED = 10_000
"""The highest amount that the provider approves: NOVA_PAYMENT_DECLINE_ABOVE."""
PAUSE = 0.2
"""Seconds after an order that nobody took."""
GIVE_UP_AFTER = 120.0


class PlannedOrder(Struct, frozen=True, kw_only=True):
    """An order, and what is to become of it."""

    order_id: str
    quantities: dict[str, int]
    unit_price: int
    is_fulfilled: bool

    @property
    def amount(self) -> int:
        """What it costs."""
        return self.unit_price * sum(self.quantities.values())

    @property
    def end(self) -> str:
        """Where its saga ends."""
        return "completed" if self.is_fulfilled else "compensated"


def planned(number: int) -> list[PlannedOrder]:
    """So many different orders."""
    return [_planned(place) for place in range(number)]


def _planned(place: int) -> PlannedOrder:
    is_dear, is_short = place % 5 == 0, place % 50 == 1
    quantities = {PRODUCTS[place % 20]: 1 + place % 3, PRODUCTS[place * 7 % 20]: 2}
    if is_short:
        quantities[SCARCE] = 2
    price = 101 + place % 97
    return PlannedOrder(
        order_id=f"order-{place:05}",
        quantities=quantities,
        unit_price=price * APPROVED if is_dear else price,
        is_fulfilled=not (is_dear or is_short),
    )


def prepare() -> None:
    """Open the customer's account, and take goods in; of one product too few for anybody."""
    execute(CUSTOMER, CreateUser(email="ann@example.org", name="Ann"))
    for product_id in PRODUCTS:
        execute(product_id, ReceiveStock(quantity=PLENTY))
    execute(SCARCE, ReceiveStock(quantity=1))


@contextmanager
def ordering(
    nova: Production,
    token: str,
    orders: Sequence[PlannedOrder],
    *,
    clients: int = 4,
    interval: float = 0.0,
    gate: threading.Event | None = None,
) -> Iterator[list[Future[None]]]:
    """Clients that order all of it over the API, each order until it was told that it is there, with a pause of so
    many seconds behind it, and only while the gate is open; one future an order.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    over = threading.Event()

    def place(order: PlannedOrder) -> None:
        items = [
            {"product_id": name, "quantity": quantity, "unit_price": order.unit_price}
            for name, quantity in order.quantities.items()
        ]
        body = {
            "aggregate_id": order.order_id,
            "command_id": str(uuid5(NAMESPACE_OID, order.order_id)),
            "customer_id": CUSTOMER,
            "currency": "EUR",
            "items": items,
        }
        while gate and not gate.wait(PAUSE):
            assert not over.is_set(), "nobody waits for it any more"
        give_up_at = time.monotonic() + GIVE_UP_AFTER
        while (status := nova.ask("POST", "/api/v1/commands/order/create", body, **headers)[0]) != 201:
            assert time.monotonic() < give_up_at, f"{order.order_id} was answered with {status} to the last"
            assert not over.wait(PAUSE), "nobody waits for it any more"
        over.wait(interval)

    with ThreadPoolExecutor(clients) as threads:
        futures = [threads.submit(place, order) for order in orders]
        try:
            yield futures
        finally:
            over.set()
            threads.shutdown(cancel_futures=True)


def assert_stock_and_money_add_up(orders: Sequence[PlannedOrder]) -> None:
    """Fail where an order, its payment or a product's stock is not as the orders' ends say, to the cent."""
    sold: Counter[str] = Counter()
    for order in orders:
        status = load_aggregate(ORDER, order.order_id).state.status
        payment = load_aggregate(PAYMENT, order.order_id).state
        kept = order.amount if order.is_fulfilled else 0
        expected = (order.order_id, "shipped" if order.is_fulfilled else "cancelled", kept, 0)
        assert (order.order_id, status, payment.captured, payment.refunded) == expected
        sold.update(order.quantities if order.is_fulfilled else {})
    stocks = {name: load_aggregate(STOCK, name).state for name in (*PRODUCTS, SCARCE)}
    left = {name: stock.received - sold[name] for name, stock in stocks.items()}
    assert {name: (one.on_hand, one.reserved, one.sold) for name, one in stocks.items()} == {
        name: (left[name], 0, sold[name]) for name in stocks
    }
