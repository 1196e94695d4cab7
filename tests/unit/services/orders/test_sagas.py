"""Order fulfilment: the good way, the ways back, and ten thousand schedules among participants with their rules."""

import pytest

from nova.services.identity.events import NoticeRefused, NoticeRequested, NoticeSent
from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    Line,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
)
from nova.services.orders.events import (
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
from nova.services.orders.fulfilment.notices import cancelled, fulfilled
from nova.services.orders.fulfilment.sagas import ORDER_FULFILMENT
from nova.services.payments.events import (
    ChargeRequested,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    RefundRequested,
)
from sagas.explorer.explore import explore
from sagas.machine import backward
from sagas.testing import Story, begin
from tests.support.order_world import A_WITHDRAWN_ORDER, AN_ORDER, CREATED, WITHDRAWN

CONFIRM = ConfirmRequested(order_id="o")
CONFIRMED = ConfirmSettled(order_id="o", items=CREATED.items, amount=1_000, currency="EUR")
RESERVED = InventoryReserved(order_id="o", lines=[Line(product_id="tea", quantity=2)])
RELEASED = InventoryReleased(order_id="o", lines=[Line(product_id="tea", quantity=2)])
SOLD = InventorySold(order_id="o", lines=[])
CHARGED = PaymentProcessed(order_id="o", payment_id="o", amount=1_000, currency="EUR", reference="r")
DECLINED = PaymentFailed(order_id="o", payment_id="o", amount=1_000, currency="EUR", reason="no funds")
REFUNDED = PaymentRefunded(order_id="o", payment_id="o", amount=1_000, total=1_000, currency="EUR")
CHARGE = ChargeRequested(order_id="o", amount=1_000, currency="EUR")
CANCEL = CancelRequested(order_id="o", reason="it could not be fulfilled")
CANCELLED = CancelSettled(order_id="o")
FULFILLED = fulfilled("o", "ann")


def told(asked: NoticeRequested) -> NoticeSent:
    return NoticeSent(user_id="ann", notice_id=asked.notice_id, reference="o")


def regret(reason: str = "") -> NoticeRequested:
    return cancelled("o", "ann", reason)


def ordered() -> Story:
    return begin(ORDER_FULFILMENT, CREATED).asks(CONFIRM).when(CONFIRMED)


def test_an_order_is_fulfilled():
    story = ordered().asks(ReserveRequested(order_id="o", lines=[Line(product_id="tea", quantity=2)]))
    story.when(RESERVED).asks(CHARGE)
    story.when(CHARGED).asks(SellRequested(order_id="o"))
    story.when(SOLD).asks(SettleRequested(order_id="o", payment_id="o", amount=1_000, tracking_number="nova-o"))
    story.when(OrderSettled(order_id="o")).asks(FULFILLED)
    story.when(told(FULFILLED)).asks().stands("completed", tell="done", regret="done")


def test_what_the_order_says_it_holds_and_costs_is_what_is_set_aside_and_taken():
    more = OrderItem(product_id="cup", quantity=1, unit_price=300)
    confirmed = ConfirmSettled(order_id="o", items=[*CREATED.items, more], amount=1_250, currency="CHF")

    story = begin(ORDER_FULFILMENT, CREATED).when(confirmed)

    lines = [Line(product_id="tea", quantity=2), Line(product_id="cup", quantity=1)]
    story.asks(ReserveRequested(order_id="o", lines=lines))
    story.when(RESERVED).asks(ChargeRequested(order_id="o", amount=1_250, currency="CHF"))


def test_an_order_that_refuses_to_be_confirmed_is_not_cancelled_again():
    refused = ConfirmRefused(order_id="o", code="wrong_order_status", reason="it was cancelled (too slow)")

    story = begin(ORDER_FULFILMENT, CREATED).when(refused)

    story.asks(regret("it was cancelled (too slow)")).when(told(regret())).stands("compensated", reserve="pending")


def test_an_order_of_which_nobody_knows_whether_it_is_confirmed_is_cancelled():
    story = begin(ORDER_FULFILMENT, CREATED).after(minutes=15)

    story.asks(CONFIRM, CONFIRM, CANCEL).when(CANCELLED).when(told(regret())).stands("compensated")


def test_a_customer_whom_nobody_can_tell_holds_nothing_up():
    nobody = NoticeRefused(
        user_id="ann", notice_id=FULFILLED.notice_id, reference="o", code="user_unknown", reason="there is no such user"
    )
    story = ordered().when(RESERVED).when(CHARGED).when(SOLD).when(OrderSettled(order_id="o"))

    story.when(nobody).stands("completed")


def test_a_mail_of_which_nobody_knows_is_asked_for_again_as_the_same_notice():
    story = ordered().when(RESERVED).when(CHARGED).when(SOLD).when(OrderSettled(order_id="o"))

    story.after(hours=1).asks(FULFILLED)
    assert fulfilled("o", "ann").notice_id != regret().notice_id


def test_what_is_not_there_ends_in_a_cancelled_order():
    story = ordered().when(InsufficientInventory(order_id="o", product_id="tea", requested=2, available=1))

    story.asks(CANCEL).stands("compensating", reserve="refused", charge="pending")
    story.when(CANCELLED).asks(regret("there are 1 of 2 tea")).stands("compensating")
    story.when(told(regret())).asks().stands("compensated")
    assert story.instance.failure == "reserve: there are 1 of 2 tea"


def test_what_cannot_be_paid_is_released_before_the_order_is_cancelled():
    story = ordered().when(RESERVED).when(DECLINED).asks(ReleaseRequested(order_id="o"))

    story.when(RELEASED).asks(CANCEL).when(CANCELLED).asks(regret("no funds"))
    story.when(told(regret())).stands("compensated")


def test_money_of_which_nobody_knows_is_given_back():
    story = ordered().when(RESERVED)

    story.after(minutes=15).asks(CHARGE, CHARGE, RefundRequested(order_id="o"))
    story.when(REFUNDED).asks(ReleaseRequested(order_id="o")).when(RELEASED).asks(CANCEL).when(CANCELLED)
    story.asks(regret()).when(told(regret())).stands("compensated", charge="compensated")


def test_goods_of_which_nobody_knows_wait_for_an_operator():
    story = ordered().when(RESERVED).when(CHARGED)

    story.after(hours=1).stands("awaiting_operator", ship="uncertain")
    story.when(SOLD).stands("running", settle="running")


def test_an_order_that_was_cancelled_after_its_goods_had_left_waits_for_an_operator():
    story = ordered().when(RESERVED).when(CHARGED).when(SOLD)
    refused = SettleRefused(order_id="o", code="wrong_order_status", reason="the order is cancelled")
    for _ in range(5):
        story.when(refused).after(minutes=3)

    story.when(refused).asks().stands("awaiting_operator", settle="refused")


def test_an_order_that_is_cancelled_in_time_is_taken_back():
    story = ordered().when(RESERVED).when(WITHDRAWN).asks().stands("compensating", charge="running")

    story.when(CHARGED).asks(RefundRequested(order_id="o")).when(REFUNDED).asks(ReleaseRequested(order_id="o"))
    story.when(RELEASED).asks(CANCEL).when(CANCELLED).asks(regret("it was cancelled (too slow)"))
    story.when(told(regret())).stands("compensated")
    assert story.instance.failure == "it was cancelled (too slow)"


def test_an_order_whose_goods_are_on_their_way_is_not_taken_back():
    story = ordered().when(RESERVED).when(CHARGED).when(WITHDRAWN).asks().stands("running", ship="running")

    assert story.ignored == "the pivot has begun: nothing is turned back any more"


SCENARIOS = pytest.mark.parametrize("scenario", [AN_ORDER, A_WITHDRAWN_ORDER], ids=["ordered", "withdrawn"])


@SCENARIOS
def test_no_schedule_loses_goods_or_money(scenario):
    assert explore(scenario, schedules=300, name="AN_ORDER") > 250


@pytest.mark.slow
@SCENARIOS
def test_ten_thousand_schedules_lose_neither_goods_nor_money(scenario):
    assert explore(scenario, schedules=10_000, name="AN_ORDER") > 9_500


def test_money_that_is_not_given_back_would_be_found(monkeypatch):
    needs_undoing = backward.needs_undoing
    monkeypatch.setattr(
        backward, "needs_undoing", lambda step, state: step.name != "charge" and needs_undoing(step, state)
    )

    with pytest.raises(AssertionError, match="before step charge, which came after it"):
        explore(AN_ORDER, schedules=10_000, name="AN_ORDER")
