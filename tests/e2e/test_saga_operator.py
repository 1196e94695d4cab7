"""An operator finds a saga that waits for somebody, sees why, sets it right, and sees it come to its end."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import global_settings
from django.contrib.auth.models import User
from msgspec import Struct

from events.api import execute
from nova.local.browser import browser, chromium
from nova.services.identity.events import NoticeSent
from nova.services.inventory.events import InventoryReserved, InventorySold
from nova.services.orders.commands import CreateOrder
from nova.services.orders.events import ConfirmSettled, OrderCreated, OrderItem, OrderSettled, SettleRefused
from nova.services.payments.events import PaymentProcessed
from outbox.api import group_named, take_effect
from outbox.testing import received
from sagas.api import fire_due, saga_id_of, work_off_operations
from sagas.models import SagaState, SagaTransition
from tests.support.events import WHEN
from tests.support.web import WebServer, web

__all__ = ["web"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="pages were not looked at: there is no Chromium"),
]

PASSWORD = "only-for-this-test"
MAX_CLICKS = 6
ITEM = OrderItem(product_id="tea", quantity=2, unit_price=500)
DATA = '{"order_id":"o-7","customer_id":"ann","currency":"EUR","amount":1000,"items":[],"payment_id":"p-2"}'


def hears(payload: Struct) -> None:
    """Let the fulfilment of orders hear of it."""
    take_effect(group_named("order-fulfilment"), [received(payload, event_id=uuid4())])


def get_stuck(order_id: str) -> None:
    """Let the goods of an order leave, and let it not be settled."""
    execute(order_id, CreateOrder(customer_id="ann", currency="EUR", items=[ITEM]))
    hears(OrderCreated(order_id=order_id, customer_id="ann", currency="EUR", items=[ITEM], created_at=WHEN))
    hears(ConfirmSettled(order_id=order_id, items=[ITEM], amount=1_000, currency="EUR"))
    hears(InventoryReserved(order_id=order_id, lines=[]))
    hears(PaymentProcessed(order_id=order_id, payment_id="p", amount=1_000, currency="EUR", reference="r"))
    hears(InventorySold(order_id=order_id, lines=[]))
    state = SagaState.objects.get(key=order_id)
    while state.status != "awaiting_operator":
        hears(SettleRefused(order_id=order_id, code="wrong_order_status", reason="the tracking number is too long"))
        fire_due(now=state.updated_at.replace(year=state.updated_at.year + 1))
        state.refresh_from_db()


@pytest.fixture
def stuck(committed_db: None, redis_url: str) -> None:
    """An order whose goods have left, and which cannot be settled."""
    get_stuck("o-7")


def test_an_operator_sets_a_saga_right_with_six_clicks(
    web: WebServer, stuck: None, settings: Any, tmp_path: Path
) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those that the server knows
    User.objects.create_superuser("operator", password=PASSWORD)
    clicks = 0

    with browser() as operator:

        def click(text: str) -> None:
            nonlocal clicks
            clicks += 1
            operator.click(text)

        operator.open(f"{web.url}/admin/login/?next=/admin/")
        operator.fill_in(username="operator", password=PASSWORD)
        click("Sagas")
        click("o-7")
        operator.wait_for("document.body.innerText.includes('the tracking number is too long')")
        operator.wait_for("document.body.innerText.includes('an operator, since')")
        operator.wait_for("document.querySelectorAll('.nova-diagram svg .node').length > 4")
        (tmp_path / "stuck.png").write_bytes(operator.picture())
        click("Edit data")
        operator.write("data", DATA)
        operator.write("reason", "the payment has another number")
        operator.wait_for("document.body.innerText.includes('/payment_id: p → p-2')")
        click("Edit data")
        operator.wait_for("document.body.innerText.includes('Edit data: o-7 is awaiting_operator')")
        click("Retry step")
        operator.write("step", "settle")
        operator.write("reason", "mended")
        click("Retry step")
        operator.wait_for("document.body.innerText.includes('Retry step: o-7 is running')")
        hears(OrderSettled(order_id="o-7"))
        hears(NoticeSent(user_id="ann", notice_id="n", reference="o-7"))
        operator.open(f"{web.url}/admin/sagas/sagastate/{saga_id_of('order-fulfilment', 'o-7')}/change/")
        operator.wait_for("document.body.innerText.includes('completed')")
        (tmp_path / "completed.png").write_bytes(operator.picture())

    assert clicks <= MAX_CLICKS
    assert SagaState.objects.get(key="o-7").status == "completed"
    kept = SagaTransition.objects.filter(cause="operator").order_by("number")
    assert [(one.cause_type, one.actor, one.reason) for one in kept] == [
        ("edit", "operator", "the payment has another number"),
        ("retry", "operator", "mended"),
    ]


def test_an_operator_sets_all_of_one_kind_right_at_once(
    web: WebServer, committed_db: None, redis_url: str, settings: Any, tmp_path: Path
) -> None:
    for number in range(3):
        get_stuck(f"o-{number}")
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those that the server knows
    User.objects.create_superuser("operator", password=PASSWORD)

    with browser() as operator:
        operator.open(f"{web.url}/admin/login/?next=/admin/")
        operator.fill_in(username="operator", password=PASSWORD)
        operator.open(f"{web.url}/admin/sagas/sagastate/?status=awaiting_operator&saga=order-fulfilment")
        operator.click("Act on many")
        operator.wait_for("document.querySelector('[name=status]')?.value == 'awaiting_operator'")
        operator.write("verb", "resume")
        operator.write("reason", "the carrier takes longer numbers")
        operator.click("Count")
        operator.wait_for("document.body.innerText.includes('3 sagas would be dealt with')")
        (tmp_path / "counted.png").write_bytes(operator.picture())
        operator.click("Resume 3")
        operator.wait_for("document.body.innerText.includes('0 of 3 sagas')")
        work_off_operations(seconds=10)
        operator.wait_for("document.body.innerText.includes('3 of 3 sagas')")
        (tmp_path / "done.png").write_bytes(operator.picture())

    assert set(SagaState.objects.values_list("status", flat=True)) == {"running"}
    kept = SagaTransition.objects.filter(cause="operator").values_list("cause_type", "actor", "reason")
    assert list(kept) == [("resume", "operator", "the carrier takes longer numbers")] * 3
