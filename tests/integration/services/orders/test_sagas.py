"""Orders are fulfilled, or taken back whole by services that know each other by events alone, over Kafka (A9)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail

from events.api import execute, load_aggregate
from nova.services.identity.aggregates import CreateUser
from nova.services.inventory.aggregates.stock import ReceiveStock
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CreateOrder
from nova.services.orders.events import OrderItem
from nova.services.orders.fulfilment.reactions import ORDER_REACTIONS
from nova.services.orders.fulfilment.sagas import ORDER_FULFILMENT, register_fulfilment
from nova.services.payments.aggregates import PAYMENT
from outbox.api import ConsumerGroup, group_named, register_groups, relay_runner
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter
from sagas.api import sagas
from sagas.models import SagaState
from tests.support.inventory import counts
from tests.support.outbox import eventually, hosted

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix")
GROUPS = ("order-fulfilment", "order-service", "inventory-service", "payment-service", "identity-service")


def order(order_id: str, quantity: int) -> None:
    items = [OrderItem(product_id="tea", quantity=quantity, unit_price=500)]
    execute(order_id, CreateOrder(customer_id="ann", currency="EUR", items=items))


@pytest.fixture(params=["steps", "reactions"])
def style(request: pytest.FixtureRequest) -> Iterator[str]:
    """Either style, known to the engine and to the consumer group as the composition makes it known."""
    group = group_named("order-fulfilment")

    def compose(style: Any) -> None:
        for saga in (ORDER_FULFILMENT, ORDER_REACTIONS):
            sagas.forget(saga)
        register_groups([ConsumerGroup(name=group.name)])
        register_fulfilment(style)

    compose(request.param)
    yield request.param
    compose("steps")


def test_orders_are_fulfilled_or_taken_back(settings: Any, style: str) -> None:
    settings.NOVA_PAYMENT_DECLINE_ABOVE = 1_000
    execute("tea", ReceiveStock(quantity=10))
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))
    for order_id, quantity in (("rich", 2), ("poor", 3), ("large", 20)):
        order(order_id, quantity)
    ends = {"rich": "completed", "poor": "compensated", "large": "compensated"}

    with hosted(relay_runner(), *(consumer_runner(group_named(name)) for name in GROUPS)):
        eventually(lambda: dict(SagaState.objects.values_list("key", "status")) == ends)

    stands = {order_id: load_aggregate(ORDER, order_id).state.status for order_id in ends}
    assert stands == {"rich": "shipped", "poor": "cancelled", "large": "cancelled"}
    payment = load_aggregate(PAYMENT, "rich").state
    assert (payment.captured, payment.refunded) == (1_000, 0)
    assert load_aggregate(PAYMENT, "poor").state.captured == 0
    assert counts("tea") == [(8, 0, 2)]
    reasons = dict(SagaState.objects.values_list("key", "error_message"))
    assert reasons["rich"] is None
    # Whoever is first says how much there was: the inventory that is asked, or the order that is cancelled for it.
    assert re.search(r"\d+ of 20 tea", reasons["large"] or "")
    large, poor, rich = sorted(str(sent.body) for sent in mail.outbox)
    assert re.fullmatch(r"Your order large could not be fulfilled: .*\d+ of 20 tea\)?\.", large)
    assert poor == "Your order poor could not be fulfilled: 1500 EUR are more than 1000."
    assert rich == "Your order rich has left the house."
    assert not DeadLetter.objects.exists()
