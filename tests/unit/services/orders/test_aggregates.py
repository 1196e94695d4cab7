"""The rules of an order, given what has happened to it."""

from typing import Any

import pytest

from events.testing import AT, ID, given
from nova.services.inventory.events import InsufficientInventory
from nova.services.orders.aggregates import Line
from nova.services.orders.commands import (
    AddItem,
    CancelOrder,
    CreateOrder,
    DeliverOrder,
    PayOrder,
    PriceOrder,
    RemoveItem,
    ReportShortage,
    ShipOrder,
)
from nova.services.orders.events import (
    OrderCancelled,
    OrderCreated,
    OrderDelivered,
    OrderItem,
    OrderItemAdded,
    OrderItemRemoved,
    OrderPaid,
    OrderShipped,
    PriceCalculated,
)

TEA = OrderItem(product_id="tea", quantity=2, unit_price=500)
CUP = OrderItem(product_id="cup", quantity=1, unit_price=900)
CREATED = OrderCreated(order_id=ID, customer_id="ann", currency="EUR", items=[TEA], created_at=AT)
PAID = OrderPaid(order_id=ID, payment_id="p1", amount=1_000, currency="EUR")
SHIPPED = OrderShipped(order_id=ID, tracking_number="T1")
DELIVERED = OrderDelivered(order_id=ID, delivered_at=AT)
CANCELLED = OrderCancelled(order_id=ID, reason="changed my mind")
ADDED = OrderItemAdded(order_id=ID, item=CUP)

CREATE = CreateOrder(customer_id="ann", currency="EUR", items=[TEA])
ADD = AddItem(product_id="cup", quantity=1, unit_price=900)
PAY = PayOrder(payment_id="p1", amount=1_000)
SHIP = ShipOrder(tracking_number="T1")
CANCEL = CancelOrder(reason="changed my mind")


def test_the_way_of_an_order() -> None:
    given().when(CREATE).then(CREATED).then_state(status="open", lines={"tea": Line(2, 500)})
    given(CREATED).when(PAY).then(PAID)
    given(CREATED, PAID).when(SHIP).then(SHIPPED)
    given(CREATED, PAID, SHIPPED).when(DeliverOrder()).then(DELIVERED).then_state(status="delivered")


@pytest.mark.parametrize("before", [[CREATED], [CREATED, PAID]])
def test_it_can_be_cancelled_until_it_is_shipped(before: list[Any]) -> None:
    given(*before).when(CANCEL).then(CANCELLED).then_state(status="cancelled")
    given(CREATED, PAID, SHIPPED).when(CANCEL).then_refused("wrong_order_status")
    given(CREATED, CANCELLED).when(CANCEL).then_refused("wrong_order_status")


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ([CREATED], SHIP),
        ([CREATED], DeliverOrder()),
        ([CREATED, PAID], PAY),
        ([CREATED, PAID], DeliverOrder()),
        ([CREATED, PAID], ADD),
        ([CREATED, PAID], RemoveItem(product_id="tea")),
        ([CREATED, PAID], PriceOrder(total=1)),
        ([CREATED, PAID, SHIPPED], SHIP),
        ([CREATED, CANCELLED], PAY),
        ([CREATED, CANCELLED], ADD),
        ([CREATED, CANCELLED], ReportShortage(product_id="tea", requested=2, available=0)),
    ],
)
def test_what_does_not_come_next_is_refused(before: list[Any], command: Any) -> None:
    given(*before).when(command).then_refused("wrong_order_status")


def test_items_come_and_go() -> None:
    given(CREATED).when(ADD).then(ADDED).then_state(lines={"tea": Line(2, 500), "cup": Line(1, 900)})
    given(CREATED, ADDED).when(RemoveItem(product_id="tea")).then(
        OrderItemRemoved(order_id=ID, product_id="tea")
    ).then_state(lines={"cup": Line(1, 900)})
    given(CREATED).when(AddItem(product_id="tea", quantity=3, unit_price=500)).then_state(lines={"tea": Line(5, 500)})


@pytest.mark.parametrize(
    ("before", "command", "code"),
    [
        ([], CreateOrder(customer_id="ann", currency="EUR", items=[]), "order_empty"),
        ([CREATED], CREATE, "order_already_exists"),
        ([CREATED, CANCELLED], CREATE, "order_already_exists"),
        ([], PAY, "order_not_found"),
        ([CREATED], RemoveItem(product_id="cup"), "item_not_in_order"),
        ([CREATED], RemoveItem(product_id="tea"), "order_empty"),
        ([CREATED], AddItem(product_id="tea", quantity=1, unit_price=501), "price_differs"),
        ([CREATED], AddItem(product_id="gold", quantity=1_000_000, unit_price=2**53 - 1), "order_too_large"),
        ([CREATED], PayOrder(payment_id="p", amount=999), "wrong_amount"),
    ],
)
def test_the_other_rules(before: list[Any], command: Any, code: str) -> None:
    given(*before).when(command).then_refused(code)


def test_the_price_holds_until_items_change() -> None:
    priced = PriceCalculated(order_id=ID, total=950, currency="EUR")
    given(CREATED).when(PriceOrder(total=950)).then(priced)
    given(CREATED, priced).when(PriceOrder(total=950)).then()
    given(CREATED, priced).when(PAY).then_refused("wrong_amount")
    given(CREATED, priced).when(PayOrder(payment_id="p1", amount=950)).then_state(status="paid")
    given(CREATED, priced, ADDED).when(PayOrder(payment_id="p1", amount=1_900)).then_state(status="paid")


def test_a_shortage_is_remembered() -> None:
    given(CREATED).when(ReportShortage(product_id="tea", requested=2, available=1)).then(
        InsufficientInventory(order_id=ID, product_id="tea", requested=2, available=1)
    ).then_state(shortages={"tea": 1}, status="open")
