"""Orders answer their fulfilment as they stand when they do what is asked for, whoever else changes them meanwhile."""

from typing import Any

import pytest
from msgspec import Struct

from events.api import StreamId, execute, get_events, load_aggregate
from nova.services.orders import fulfilment
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CancelOrder, CreateOrder, PayOrder
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    OrderItem,
    OrderSettled,
    SettleRequested,
)
from nova.services.orders.fulfilment import STREAM, answer
from tests.support.received import received

SETTLE = SettleRequested(order_id="o", payment_id="p", amount=1_000, tracking_number="t")
CANCEL = CancelRequested(order_id="o", reason="it could not be fulfilled")


@pytest.fixture(autouse=True)
def order(redis_url: str, db: None) -> None:
    execute(
        "o",
        CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=2, unit_price=500)]),
    )


def answers() -> list[Any]:
    return [event.payload for event in get_events(StreamId(STREAM, "o"))]


def meanwhile(monkeypatch: pytest.MonkeyPatch, command: Struct) -> None:
    """Let somebody else give the order a command once it has been looked at."""
    waiting = [command]

    def looked_at(*arguments: Any) -> Any:
        found = load_aggregate(*arguments)
        if waiting:
            execute("o", waiting.pop())
        return found

    monkeypatch.setattr(fulfilment, "load_aggregate", looked_at)


def test_an_order_that_somebody_else_cancels_meanwhile_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, CancelOrder(reason="insufficient inventory"))

    answer(received(CANCEL))

    assert answers() == [CancelSettled(order_id="o")]


def test_an_order_that_is_paid_meanwhile_is_shipped_and_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, PayOrder(payment_id="p", amount=1_000))

    answer(received(SETTLE))

    assert answers() == [OrderSettled(order_id="o")]
    assert load_aggregate(ORDER, "o").state.status == "shipped"


def test_an_order_that_has_left_is_not_cancelled() -> None:
    answer(received(SETTLE))
    answer(received(CANCEL))

    refusal = answers()[-1]
    assert isinstance(refusal, CancelRefused)
    assert (refusal.code, refusal.reason) == ("wrong_order_status", "the order is shipped, not open or paid")


def test_an_order_answers_each_request_that_it_is_as_it_is_wanted() -> None:
    answer(received(CANCEL))
    answer(received(CANCEL))

    assert answers() == [CancelSettled(order_id="o")] * 2
    assert [event.event_type for event in get_events(StreamId("order", "o"))] == ["order.created", "order.cancelled"]
