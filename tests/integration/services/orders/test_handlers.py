"""A new order is priced, short ones are ended, and people are told (E2)."""

from smtplib import SMTPConnectError, SMTPRecipientsRefused, SMTPServerDisconnected
from socket import gaierror
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail

from events.api import StreamId, Unavailable, execute, get_events, load_aggregate
from nova.services.inventory.aggregates.stock import AdjustStock, PriceStock, ReceiveStock
from nova.services.inventory.commands import reserve_stock
from nova.services.inventory.events import InsufficientInventory, Line, Shortage
from nova.services.inventory.queries import CurrentStock
from nova.services.orders import handlers as order_service
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import AddItem, CreateOrder, PayOrder, RemoveItem
from nova.services.orders.events import OrderItem
from nova.services.orders.handlers import order_handlers
from outbox.api import ConsumerGroup, ReceivedEvent, is_outage, take_effect
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("redis_url", "db")

GROUP = ConsumerGroup(
    name="order-service", topics=(), handlers=order_handlers(stock=CurrentStock(), prices=CurrentStock())
)
CREATE = CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=2, unit_price=500)])


def deliver(order_id: str, first: int, last: int | None = None) -> None:
    """Hand events of the order to the group, as Kafka would."""
    for event in get_events(StreamId("order", order_id), first):
        if last is None or event.version <= last:
            message = ReceivedEvent(
                event_id=event.event_id,
                event_type=event.event_type,
                schema_version=event.schema_version,
                source_service=event.source_service,
                aggregate_type=event.aggregate_type,
                aggregate_id=event.aggregate_id,
                version=event.version,
                timestamp=event.timestamp,
                correlation_id=event.correlation_id,
                causation_id=event.causation_id,
                user_id=event.user_id,
                traceparent=None,
                clock=0,
                payload=event.payload,
                topic="nova.order.events",
                partition=0,
                offset=event.version,
                key=None,
            )
            take_effect(GROUP, [message])


def types(order_id: str) -> list[str]:
    return [event.event_type for event in get_events(StreamId("order", order_id))]


def test_a_new_order_is_priced_and_told_of(settings: Any) -> None:
    settings.NOVA_ORDER_RECIPIENTS = ["shop@example.org"]
    execute("o1", CREATE)
    deliver("o1", 1)
    assert types("o1") == ["order.created", "order.price_calculated"]
    assert load_aggregate(ORDER, "o1").state.price == 1_000
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["shop@example.org"], "Order o1")


@pytest.mark.parametrize(
    ("complaint", "outage"),
    [
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (gaierror(), True),
        (SMTPServerDisconnected(), True),
        (SMTPConnectError(421, "busy"), True),
        (SMTPRecipientsRefused({}), False),
    ],
)
def test_a_mail_server_that_is_away_is_waited_for_and_one_that_refuses_is_not(
    settings: Any, monkeypatch: pytest.MonkeyPatch, complaint: Exception, *, outage: bool
) -> None:
    def fail(**_: Any) -> None:
        raise complaint

    settings.NOVA_ORDER_RECIPIENTS = ["shop@example.org"]
    monkeypatch.setattr("nova.services.mail.EmailMessage", fail)
    execute("o1", CREATE)

    with pytest.raises((type(complaint), Unavailable)) as raised:
        deliver("o1", 1)

    assert is_outage(raised.value) is outage


def test_the_events_that_follow_belong_to_the_same_conversation() -> None:
    execute("o1", CREATE)
    deliver("o1", 1)
    created, priced = get_events(StreamId("order", "o1"))
    assert priced.correlation_id == created.correlation_id
    assert priced.metadata["command"]["causation_id"] == str(created.event_id)


def test_a_redelivered_event_changes_nothing() -> None:
    execute("o1", CREATE)
    deliver("o1", 1, 1)
    deliver("o1", 1, 1)
    assert types("o1") == ["order.created", "order.price_calculated"]


def test_an_order_that_changed_meanwhile_is_priced_as_it_is() -> None:
    execute("o1", CREATE)
    execute("o1", AddItem(product_id="cup", quantity=1, unit_price=900))
    deliver("o1", 1, 2)
    assert load_aggregate(ORDER, "o1").state.price == 1_900
    assert types("o1").count("order.price_calculated") == 1


def test_a_short_order_is_cancelled_with_the_reason() -> None:
    execute("tea", ReceiveStock(quantity=1))
    execute("o1", CREATE)
    deliver("o1", 1)
    assert types("o1")[:2] == ["order.created", "inventory.insufficient"]
    deliver("o1", 2)
    assert load_aggregate(ORDER, "o1").state.status == "cancelled"
    assert get_events(StreamId("order", "o1"))[-1].payload.reason == "insufficient inventory: 1 of 2 tea"  # type: ignore[attr-defined]


def test_a_short_order_that_needs_less_by_now_is_left_alone() -> None:
    execute("tea", ReceiveStock(quantity=1))
    execute("o1", CREATE)
    execute("o1", AddItem(product_id="cup", quantity=1, unit_price=900))
    deliver("o1", 1, 1)
    execute("o1", RemoveItem(product_id="tea"))
    deliver("o1", 3)
    assert "inventory.insufficient" in types("o1")
    assert load_aggregate(ORDER, "o1").state.status == "open"


def test_a_short_order_that_was_paid_meanwhile_is_left_alone() -> None:
    execute("tea", ReceiveStock(quantity=1))
    execute("o1", CREATE)
    deliver("o1", 1)
    execute("o1", PayOrder(payment_id="p", amount=1_000))
    deliver("o1", 2)
    assert load_aggregate(ORDER, "o1").state.status == "paid"


def test_a_short_order_that_changes_while_it_is_looked_at_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute("tea", ReceiveStock(quantity=1))
    execute("o1", CREATE)
    execute("o1", AddItem(product_id="cup", quantity=1, unit_price=900))
    deliver("o1", 1, 1)
    meanwhile = iter([RemoveItem(product_id="tea")])

    def load_and_be_overtaken(*order: Any) -> Any:
        loaded = load_aggregate(*order)
        for command in meanwhile:
            execute("o1", command)
        return loaded

    monkeypatch.setattr(order_service, "load_aggregate", load_and_be_overtaken)
    deliver("o1", 3)
    assert load_aggregate(ORDER, "o1").state.status == "open"


def test_an_order_that_was_paid_first_is_left_alone() -> None:
    execute("o1", CREATE)
    execute("o1", PayOrder(payment_id="p", amount=1_000))
    deliver("o1", 1)
    assert types("o1") == ["order.created", "order.paid"]


def test_stock_and_prices_are_those_of_the_inventory() -> None:
    execute("tea", ReceiveStock(quantity=3))
    execute("tea", PriceStock(currency="EUR", unit_price=450))
    execute("tea", PriceStock(currency="USD", unit_price=490))
    execute("o1", CREATE)
    execute("o1", AddItem(product_id="cup", quantity=1, unit_price=900))
    deliver("o1", 1, 2)
    # Two of tea as the inventory has it, and a cup at the price that the order itself names.
    assert load_aggregate(ORDER, "o1").state.price == 1_800

    execute("tea", AdjustStock(change=-2, reason="broken"))
    execute("o2", CREATE)
    deliver("o2", 1)
    deliver("o2", 2)
    assert load_aggregate(ORDER, "o2").state.status == "cancelled"


def test_a_shortage_that_the_inventory_finds_ends_the_order_too() -> None:
    execute("o1", CREATE)
    found = InsufficientInventory(
        order_id="o1",
        product_id="cup",
        requested=1,
        available=0,
        others=[Shortage(product_id="tea", requested=2, available=1)],
    )
    take_effect(GROUP, [received(found, aggregate_type="reservation", aggregate_id="o1")])
    assert get_events(StreamId("order", "o1"))[-1].payload.reason == "insufficient inventory: 1 of 2 tea"  # type: ignore[attr-defined]


def test_what_is_set_aside_for_the_order_itself_is_no_shortage_of_it() -> None:
    execute("tea", ReceiveStock(quantity=2))
    execute("o1", CREATE)
    reserve_stock(order_id="o1", lines=[Line(product_id="tea", quantity=2)], command_id=uuid4())
    deliver("o1", 1)
    assert types("o1") == ["order.created", "order.price_calculated"]

    execute("o2", CREATE)
    deliver("o2", 1)
    assert "inventory.insufficient" in types("o2")
