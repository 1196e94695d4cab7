"""Order fulfilment in the reacting style asks what the steps ask, and loses neither goods nor money (A9)."""

from typing import Any
from uuid import uuid4

import pytest
from msgspec import structs

from nova.services.inventory.events import InsufficientInventory, ReleaseRequested, ReserveRequested, SellRequested
from nova.services.orders.events import ConfirmRefused, OrderSettled, SettleRefused, SettleRequested
from nova.services.orders.fulfilment import sagas as fulfilment
from nova.services.orders.fulfilment.reactions import CHARGING, ORDER_REACTIONS
from nova.services.payments.events import PaymentFailed, RefundRequested
from sagas.api import On
from sagas.explorer.explore import explore
from sagas.testing import Story, begin
from tests.support.order_world import A_WITHDRAWN_ORDER, AN_ORDER, CREATED, WITHDRAWN
from tests.unit.services.orders.test_sagas import (
    CANCEL,
    CANCELLED,
    CHARGE,
    CHARGED,
    CONFIRM,
    CONFIRMED,
    DECLINED,
    FULFILLED,
    REFUNDED,
    RELEASED,
    RESERVED,
    SOLD,
    regret,
    told,
)

A_REACTING_ORDER = structs.replace(AN_ORDER, saga=ORDER_REACTIONS)
RESERVE = ReserveRequested(order_id="o", lines=RESERVED.lines)
REFUND = RefundRequested(order_id="o")
RELEASE = ReleaseRequested(order_id="o")


def ordered() -> Story:
    return begin(ORDER_REACTIONS, CREATED).asks(CONFIRM).when(CONFIRMED)


def test_an_order_is_reserved_charged_sold_settled_and_told_of():
    ordered().asks(RESERVE).when(RESERVED).asks(CHARGE)  # order.created, inventory.reserved
    story = ordered().when(RESERVED).when(CHARGED).asks(SellRequested(order_id="o"))  # payment.processed
    story.when(SOLD).asks(SettleRequested(order_id="o", payment_id="o", amount=1_000, tracking_number="nova-o"))
    story.when(OrderSettled(order_id="o")).asks(FULFILLED)
    story.when(told(FULFILLED)).asks().stands("completed")


def test_a_payment_that_failed_releases_the_inventory_and_fails_the_order():
    story = ordered().when(RESERVED).when(DECLINED).asks(RELEASE).stands("compensating", releasing="running")

    story.when(RELEASED).asks(CANCEL).when(CANCELLED).asks(regret("no funds"))
    story.when(told(regret())).asks().stands("compensated")
    assert story.instance.failure == "charging: no funds"


def test_an_order_that_is_not_confirmed_ends_without_asking_anybody_else():
    refused = ConfirmRefused(order_id="o", code="wrong_order_status", reason="it was cancelled (too slow)")
    story = begin(ORDER_REACTIONS, CREATED)

    story.when(refused).asks(regret("it was cancelled (too slow)"))
    begin(ORDER_REACTIONS, CREATED).after(minutes=5).when(refused).asks(CANCEL)
    begin(ORDER_REACTIONS, CREATED).when(WITHDRAWN).asks(CANCEL)
    begin(ORDER_REACTIONS, CREATED).after(minutes=15).asks(CONFIRM, CONFIRM, CANCEL)


def test_what_is_not_there_ends_in_a_cancelled_order():
    short = InsufficientInventory(order_id="o", product_id="tea", requested=2, available=1)
    story = ordered().when(short).asks(CANCEL)

    story.when(CANCELLED).asks(regret("there are 1 of 2 tea"))


def test_money_of_which_nobody_knows_is_given_back():
    story = ordered().when(RESERVED)

    story.after(minutes=15).asks(CHARGE, CHARGE, REFUND)
    story.when(REFUNDED).asks(RELEASE).when(RELEASED).asks(CANCEL).when(CANCELLED).asks(regret())


def test_a_payment_that_failed_while_another_attempt_is_unanswered_is_refunded_first():
    ordered().when(RESERVED).after(minutes=5).when(DECLINED).asks(REFUND)


def test_a_customer_who_changes_his_mind_in_time_gets_everything_back():
    ordered().when(WITHDRAWN).asks(RELEASE)
    ordered().when(RESERVED).when(WITHDRAWN).asks(REFUND)
    late = ordered().when(RESERVED).when(CHARGED).when(WITHDRAWN, answers=uuid4()).asks()
    assert late.ignored == "state selling does not react to it, and none that may come after it"


def test_an_order_that_cannot_be_settled_waits_for_an_operator_who_asks_again():
    refused = SettleRefused(order_id="o", code="wrong_order_status", reason="the order is cancelled")
    story = ordered().when(RESERVED).when(CHARGED).when(SOLD).when(refused)

    story.stands("awaiting_operator", settling="refused").does("resume")
    story.when(OrderSettled(order_id="o")).asks(FULFILLED)


SCENARIOS = pytest.mark.parametrize(
    "scenario",
    [A_REACTING_ORDER, structs.replace(A_WITHDRAWN_ORDER, saga=ORDER_REACTIONS)],
    ids=["ordered", "withdrawn"],
)


@SCENARIOS
def test_no_schedule_loses_goods_or_money(scenario):
    assert explore(scenario, schedules=300, name="A_REACTING_ORDER") > 250


@pytest.mark.slow
@SCENARIOS
def test_ten_thousand_schedules_lose_neither_goods_nor_money(scenario):
    assert explore(scenario, schedules=10_000, name="A_REACTING_ORDER") > 9_500


def test_money_that_is_not_given_back_would_be_found():
    careless = structs.replace(
        CHARGING,
        late="releasing",
        on=(CHARGING.on[0], *(On(event=PaymentFailed, to="releasing"), *CHARGING.on[2:])),
    )
    states = tuple(careless if state is CHARGING else state for state in ORDER_REACTIONS.states)
    scenario = structs.replace(A_REACTING_ORDER, saga=structs.replace(ORDER_REACTIONS, states=states))

    with pytest.raises(AssertionError, match=r"money is taken for what is not set aside|compensated: sold"):
        explore(scenario, schedules=10_000, name="A_REACTING_ORDER")


@pytest.mark.parametrize(
    ("style", "present", "other"),
    [
        ("steps", fulfilment.ORDER_FULFILMENT, ORDER_REACTIONS),
        ("reactions", ORDER_REACTIONS, fulfilment.ORDER_FULFILMENT),
    ],
)
def test_one_style_begins_orders_and_what_began_in_the_other_ends_in_it(monkeypatch, style, present, other):
    begun: list[Any] = []
    kept: list[Any] = []
    monkeypatch.setattr(fulfilment, "register_saga", lambda saga, *, group: begun.append((saga, group)))
    monkeypatch.setattr(fulfilment, "supersede_saga", kept.append)

    fulfilment.register_fulfilment(style)

    assert (begun, kept) == ([(present, "order-fulfilment")], [other])
