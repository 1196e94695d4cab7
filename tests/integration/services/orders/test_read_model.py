"""Orders are listed, got and summed up as their events say, which is what their aggregate says."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User as Account
from django.test import Client
from msgspec import Struct
from rest_framework.test import APIClient

from events.api import append_only, execute, load_aggregate
from kit.exceptions import InvalidParameter
from nova.rest.auth import Caller, Grant
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import (
    AddItem,
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    PayOrder,
    PriceOrder,
    RemoveItem,
    ShipOrder,
)
from nova.services.orders.events import OrderCreated, OrderDelivered, OrderItem, OrderItemAdded, OrderPaid
from nova.services.orders.exceptions import OrderNotFound
from nova.services.orders.models import OrderSummary
from nova.services.orders.projections import OrdersProjection
from nova.services.orders.queries import get_order, list_orders, order_totals
from projections.api import live, verify
from tests.support.projections import NOON, catch_up, record
from tests.support.store import appending

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")
PROJECTION = OrdersProjection()


@pytest.fixture(autouse=True)
def without_outbox() -> Iterator[None]:
    """Appends publish nothing here; the outbox has its own tests."""
    with appending(append_only):
        yield


def item(product_id: str = "tea", quantity: int = 2, unit_price: int = 500) -> OrderItem:
    return OrderItem(product_id=product_id, quantity=quantity, unit_price=unit_price)


def ordered(order_id: str, customer_id: str = "ann", *, minute: int = 0, **fields: Any) -> OrderCreated:
    values: dict[str, Any] = {
        "currency": "EUR",
        "items": [item()],
        "created_at": NOON + timedelta(minutes=minute),
    } | fields
    return OrderCreated(order_id=order_id, customer_id=customer_id, **values)


def told(*payloads: Struct) -> None:
    for payload in payloads:
        record(payload, stream="any")
    catch_up(PROJECTION)


def listed(**filters: Any) -> list[str]:
    return [order.order_id for order in list_orders(**filters).items]


def test_an_order_is_what_its_commands_brought_about() -> None:
    execute("o", CreateOrder(customer_id="ann", currency="EUR", items=[item()]))
    execute("o", AddItem(product_id="cup", quantity=1, unit_price=300))
    execute("o", AddItem(product_id="pot", quantity=1, unit_price=900))
    execute("o", RemoveItem(product_id="pot"))
    catch_up(PROJECTION)
    order = get_order("o")
    assert (order.status, order.price, order.total) == ("open", None, 1_300)
    assert [(line.product_id, line.quantity) for line in order.items] == [("cup", 1), ("tea", 2)]
    execute("o", PriceOrder(total=1_200))
    execute("o", ConfirmOrder())
    catch_up(PROJECTION)
    assert (get_order("o").status, listed(status="confirmed")) == ("confirmed", ["o"])
    execute("o", PayOrder(payment_id="pay-1", amount=1_200))
    execute("o", ShipOrder(tracking_number="T1"))
    execute("o", DeliverOrder())
    catch_up(PROJECTION)
    order = get_order("o")
    assert (order.status, order.price, order.total) == ("delivered", 1_200, 1_200)
    assert (order.customer_id, order.payment_id, order.tracking_number) == ("ann", "pay-1", "T1")
    state = load_aggregate(ORDER, "o").state
    assert (order.status, order.total) == (state.status, state.due)


def test_a_cancelled_order_says_why() -> None:
    execute("o", CreateOrder(customer_id="ann", currency="EUR", items=[item()]))
    execute("o", CancelOrder(reason="too slow"))
    catch_up(PROJECTION)
    assert (get_order("o").status, get_order("o").reason) == ("cancelled", "too slow")


def test_orders_are_listed_by_customer_status_and_time() -> None:
    told(ordered("o1"), ordered("o2", "bob", minute=1), ordered("o3", minute=2), ordered("o4", minute=3))
    told(OrderPaid(order_id="o3", payment_id="p", amount=1_000, currency="EUR"))
    assert listed() == ["o4", "o3", "o2", "o1"]
    assert listed(order="oldest") == ["o1", "o2", "o3", "o4"]
    assert listed(customer_id="ann") == ["o4", "o3", "o1"]
    assert (listed(status="paid"), listed(status="cancelled")) == (["o3"], [])
    assert listed(customer_id="ann", status="open") == ["o4", "o1"]
    assert listed(first=NOON + timedelta(minutes=1), last=NOON + timedelta(minutes=3)) == ["o3", "o2"]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_follow_each_other_without_gap_or_overlap(order: str) -> None:
    told(*(ordered(f"o{number}", minute=number // 3) for number in range(8)))
    seen: list[str] = []
    after = None
    while True:
        page = list_orders(order=order, after=after, limit=3)
        seen += [one.order_id for one in page.items]
        if (after := page.next) is None:
            break
    whole = [f"o{number}" for number in range(8)]
    assert seen == (whole if order == "oldest" else whole[::-1])


def test_a_customers_orders_are_summed_up_by_status_and_currency() -> None:
    told(ordered("o1"), ordered("o2"), ordered("o3", currency="USD"), ordered("o4", "bob"))
    told(OrderPaid(order_id="o2", payment_id="p", amount=1_000, currency="EUR"))
    told(OrderItemAdded(order_id="o1", item=item("cup", 1, 300)))
    assert [(one.status, one.currency, one.orders, one.total) for one in order_totals("ann")] == [
        ("open", "EUR", 1, 1_300),
        ("open", "USD", 1, 1_000),
        ("paid", "EUR", 1, 1_000),
    ]
    assert order_totals("nobody") == []


def test_events_that_no_command_would_bring_about_are_taken() -> None:
    told(OrderPaid(order_id="early", payment_id="p", amount=1, currency="EUR"))
    assert (get_order("early").status, listed()) == ("paid", [])
    told(*(OrderItemAdded(order_id="huge", item=item("gold", 1_000_000, 2**53 - 1)) for _ in range(3)))
    assert get_order("huge").total == 2**53 - 1


def test_the_table_is_the_fold_of_the_log_however_it_is_cut_into_batches() -> None:
    chance = random.Random(1)
    for _ in range(60):
        order_id = f"o{chance.randrange(5)}"
        paid = OrderPaid(order_id=order_id, payment_id="p", amount=1, currency="EUR")
        added = OrderItemAdded(order_id=order_id, item=item(f"p{chance.randrange(3)}"))
        delivered = OrderDelivered(order_id=order_id, delivered_at=NOON)
        record(chance.choice([ordered(order_id), added, added, paid, delivered]), stream="any")
    catch_up(PROJECTION, limit=7)
    assert verify(PROJECTION) is None
    folded = {key: (row.order.status, min(row.order.due, 2**53 - 1)) for key, row in live(PROJECTION).items()}
    assert folded == {row.order_id: (row.status, row.total) for row in OrderSummary.objects.all()}
    OrderSummary.objects.filter(order_id="o1").update(total=1)
    assert "orders_read" in str(verify(PROJECTION))


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"status": "none"}, "status"),
        ({"status": "lost"}, "status"),
        ({"order": "best"}, "order"),
        ({"limit": 0}, "limit"),
        ({"after": "x"}, "after"),
        ({"customer_id": "\0"}, "customer_id"),
        ({"first": NOON, "last": NOON - timedelta(1)}, "from"),
    ],
)
def test_a_wrong_filter_is_named(wrong: dict[str, Any], parameter: str) -> None:
    with pytest.raises(InvalidParameter, match=parameter):
        list_orders(**wrong)


def get(address: str, scope: str = "read-models:read", **query: Any) -> Any:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(Caller(name="test"), Grant(scopes=frozenset({scope}), expires_at=None))  # type: ignore[arg-type]
    return client.get(f"/api/v1/{address}", query)


def test_orders_are_asked_for_over_http() -> None:
    told(ordered("o/1 ü"), ordered("o2", minute=1))
    assert get("orders/o%2F1%20%C3%BC").json()["items"] == [{"product_id": "tea", "quantity": 2, "unit_price": 500}]
    first = get("orders", limit=1, customer_id="ann").json()
    assert [order["order_id"] for order in first["items"]] == ["o2"]
    second = get("orders", limit=1, customer_id="ann", after=first["next"]).json()
    assert ([order["order_id"] for order in second["items"]], second["next"]) == (["o/1 ü"], None)
    assert get("orders", **{"from": "2025-01-15T12:01:00Z"}).json()["items"][0]["order_id"] == "o2"
    assert get("order-totals", customer_id="ann").json()["items"][0]["total"] == 2_000
    assert get("orders/none").json()["type"] == "urn:nova:problem:order-not-found"
    with pytest.raises(OrderNotFound):
        get_order("none")


@pytest.mark.parametrize("address", ["orders", "orders/o", "order-totals?customer_id=ann"])
def test_orders_need_the_scope(address: str) -> None:
    assert get(address, "events:read").status_code == 403


@pytest.mark.parametrize("address", ["order-totals", "orders?status=x", "orders?from=noon", "orders/a%00b"])
def test_what_is_asked_wrongly_is_refused(address: str) -> None:
    assert get(address).status_code == 400


def test_the_console_leads_from_an_order_to_its_stream_and_its_fulfilment(client: Client) -> None:
    told(ordered("o1"))
    client.force_login(Account.objects.create_superuser("root"))
    page = client.get("/admin/nova_orders/ordersummary/o1/change/").content.decode()
    assert "/admin/events/domainevent/?q=order%2Fo1" in page
    assert "/admin/sagas/sagastate/?q=o1" in page
