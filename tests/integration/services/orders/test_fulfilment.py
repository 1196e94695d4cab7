"""Orders answer their fulfilment as they stand when they do what is asked for, whoever else changes them meanwhile."""

from typing import Any

import pytest
from msgspec import Struct, structs

from events.api import StreamId, execute, get_events, load_aggregate
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import (
    AddItem,
    CancelOrder,
    CreateOrder,
    PayOrder,
    PriceOrder,
    WrongOrderStatus,
)
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    ConfirmRefused,
    ConfirmRequested,
    ConfirmSettled,
    OrderItem,
    OrderSettled,
    SettleRefused,
    SettleRequested,
)
from nova.services.orders.fulfilment import answers as fulfilment
from nova.services.orders.fulfilment.answers import STREAM
from outbox.api import ReceivedEvent
from tests.support.received import received

SETTLE = SettleRequested(order_id="o", payment_id="p", amount=1_000, tracking_number="t")
CONFIRM = ConfirmRequested(order_id="o")
CANCEL = CancelRequested(order_id="o", reason="it could not be fulfilled")


@pytest.fixture(autouse=True)
def order(redis_url: str, db: None) -> None:
    execute(
        "o",
        CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=2, unit_price=500)]),
    )


class ListedPrices:
    """Tea costs more than it was ordered at."""

    def unit_price(self, product_id: str, currency: str) -> int | None:
        return 600


def answer(event: ReceivedEvent) -> None:
    """Let the order answer."""
    fulfilment.answer(event, prices=ListedPrices())


def answers() -> list[Any]:
    return [event.payload for event in get_events(StreamId(STREAM, "o"))]


def test_an_order_is_confirmed_at_what_is_listed_and_changes_no_more() -> None:
    answer(received(CONFIRM))
    answer(received(CONFIRM))

    tea = OrderItem(product_id="tea", quantity=2, unit_price=500)
    assert answers() == [ConfirmSettled(order_id="o", items=[tea], amount=1_200, currency="EUR")] * 2
    for change in (AddItem(product_id="cup", quantity=1, unit_price=1), PriceOrder(total=1)):
        with pytest.raises(WrongOrderStatus, match="confirmed, not open"):
            execute("o", change)
    answer(received(SETTLE))
    answer(received(structs.replace(SETTLE, amount=1_200)))
    assert answers()[2:] == [
        SettleRefused(order_id="o", code="wrong_amount", reason="the order costs 1200 EUR, not 1000"),
        OrderSettled(order_id="o"),
    ]


def test_an_order_that_gets_more_meanwhile_is_confirmed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, AddItem(product_id="cup", quantity=1, unit_price=600))

    answer(received(CONFIRM))

    confirmed = answers()[0]
    assert [(one.product_id, one.quantity) for one in confirmed.items] == [("tea", 2), ("cup", 1)]
    assert confirmed.amount == 1_800


def test_an_order_that_is_cancelled_refuses_to_be_confirmed() -> None:
    execute("o", CancelOrder(reason="too slow"))

    answer(received(CONFIRM))

    reason = "it was cancelled (too slow)"
    assert answers() == [ConfirmRefused(order_id="o", code="wrong_order_status", reason=reason)]


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
    assert (refusal.code, refusal.reason) == (
        "wrong_order_status",
        "the order is shipped, not open or confirmed or paid",
    )


def test_an_order_answers_each_request_that_it_is_as_it_is_wanted() -> None:
    answer(received(CANCEL))
    answer(received(CANCEL))

    assert answers() == [CancelSettled(order_id="o")] * 2
    assert [event.event_type for event in get_events(StreamId("order", "o"))] == ["order.created", "order.cancelled"]
