"""An order's requests through Kafka: one service asks by events, others answer by theirs (A9)."""

from collections.abc import Callable

import pytest
from msgspec import Struct

from events.api import Expected, NewEvent, StreamId, append_events, execute, get_events, load_aggregate
from nova.services.inventory.aggregates.stock import ReceiveStock
from nova.services.inventory.events import InventoryReserved, Line, ReleaseRequested, ReserveRequested
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CreateOrder
from nova.services.orders.events import OrderCreated, OrderItem
from nova.services.payments.aggregates import PAYMENT
from nova.services.payments.events import ChargeRequested, PaymentFailed
from outbox.api import ConsumerGroup, Handler, ReceivedEvent, group_named, relay_runner
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter, InboxEntry, OutboxEvent
from tests.support.inventory import counts
from tests.support.outbox import eventually, headers_of, hosted, produce, read_topic, unique

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix")

REACTIONS: dict[type[Struct], Callable[..., Struct]] = {
    OrderCreated: lambda order: ReserveRequested(
        order_id=order.order_id,
        lines=[Line(product_id=item.product_id, quantity=item.quantity) for item in order.items],
    ),
    InventoryReserved: lambda reserved: ChargeRequested(
        order_id=reserved.order_id,
        amount=load_aggregate(ORDER, reserved.order_id).state.due,
        currency="EUR",
        method="declined" if reserved.order_id == "poor" else "card",
    ),
    PaymentFailed: lambda failed: ReleaseRequested(order_id=failed.order_id),
}


def ask_for_the_next(event: ReceivedEvent) -> None:
    """What a saga of three steps would ask for next, in a stream of its own."""
    ask = REACTIONS[type(event.payload)](event.payload)
    append_events(StreamId("fulfilment", ask.order_id), Expected.ANY, [NewEvent(payload=ask)])  # type: ignore[attr-defined]


def types(aggregate_type: str, order_id: str) -> list[str]:
    return [event.event_type for event in get_events(StreamId(aggregate_type, order_id))]


def order(order_id: str, quantity: int) -> None:
    items = [OrderItem(product_id="tea", quantity=quantity, unit_price=500)]
    execute(order_id, CreateOrder(customer_id="ann", currency="EUR", items=items))


def test_the_events_of_an_order_follow_each_other_from_its_creation_to_its_payment_or_back(
    kafka_brokers: str, prefix: str
) -> None:
    execute("tea", ReceiveStock(quantity=10))
    for order_id, quantity in (("rich", 2), ("poor", 3), ("large", 20)):
        order(order_id, quantity)
    saga = ConsumerGroup(
        name=unique("saga"),
        handlers=(
            Handler(
                name="next",
                event_types=("order.created", "inventory.reserved", "payment.failed"),
                handle=ask_for_the_next,
            ),
        ),
        topics=tuple(f"{prefix}.{name}.events" for name in ("order", "inventory", "payment")),
    )
    groups = [saga, group_named("inventory-service"), group_named("payment-service")]

    with hosted(relay_runner(), *map(consumer_runner, groups)):
        eventually(lambda: types("payment", "rich") == ["payment.processed"])
        eventually(lambda: types("reservation", "poor") == ["inventory.reserved", "inventory.released"])
        eventually(lambda: types("reservation", "large") == ["inventory.insufficient"])
        # Everything comes once more.
        eventually(lambda: not OutboxEvent.objects.filter(published=False).exists())
        for topic in ("inventory", "payment"):
            sent = read_topic(kafka_brokers, f"{prefix}.{topic}.events", at_least=3)
            produce(
                kafka_brokers,
                f"{prefix}.{topic}.events",
                *((one.key(), one.value(), headers_of(one)) for one in sent),
            )
        order("later", 1)
        eventually(lambda: types("payment", "later") == ["payment.processed"])

    assert types("fulfilment", "rich") == ["inventory.reserve_requested", "payment.charge_requested"]
    assert types("payment", "rich") == ["payment.processed"]
    assert types("fulfilment", "poor") == [
        "inventory.reserve_requested",
        "payment.charge_requested",
        "inventory.release_requested",
    ]
    assert types("payment", "poor") == ["payment.failed"]
    assert types("payment", "large") == []
    assert counts("tea") == [(7, 3, 0)]
    assert load_aggregate(PAYMENT, "rich").state.captured == 1_000
    conversation = {
        event.correlation_id
        for kind in ("order", "fulfilment", "reservation", "payment")
        for event in get_events(StreamId(kind, "poor"))
    }
    assert len(conversation) == 1
    assert InboxEntry.objects.filter(consumer="inventory-service").exists()
    assert not DeadLetter.objects.exists()
