"""Commands over HTTP wait for each other where they ask for it, however many come for one aggregate at once (C8)."""

import json
from collections import Counter

import pytest
from django.test import Client
from msgspec.structs import asdict

from events.api import StreamId, execute, get_events, uuid7
from events.commands import execution
from nova.rest.tokens import create_token
from nova.services.orders.commands import CreateOrder
from nova.services.orders.events import OrderItem
from tests.support.threads import THREADS, in_threads

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

EACH = 10
TEA = OrderItem(product_id="tea", quantity=1, unit_price=500)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often commands were loaded, decided and appended; once each where none was overtaken."""
    counted: Counter[str] = Counter()
    run = execution._Call.run

    def counting(call: execution._Call) -> execution.Executed:
        counted["attempts"] += 1
        return run(call)

    monkeypatch.setattr(execution._Call, "run", counting)
    return counted


def add_items_from_all_threads(**chosen: bool) -> StreamId:
    """Every thread adds to one order at the same moment, time after time; all must succeed."""
    order_id = str(uuid7())
    execute(order_id, CreateOrder(customer_id="ann", currency="EUR", items=[TEA]))
    token, _ = create_token(f"test-{order_id}", scopes={"commands:execute"})
    body = json.dumps({"aggregate_id": order_id, **chosen, **asdict(TEA)})

    def add(_: int) -> list[int]:
        client = Client(headers={"Authorization": f"Bearer {token}"})
        return [
            client.post("/api/v1/commands/order/add_item", body, content_type="application/json").status_code
            for _ in range(EACH)
        ]

    assert in_threads(add) == [[201] * EACH] * THREADS
    return StreamId("order", order_id)


def test_nobody_is_overtaken_who_waits(attempts: Counter[str]) -> None:
    stream = add_items_from_all_threads(one_at_a_time=True)

    assert attempts["attempts"] == 1 + EACH * THREADS
    assert [event.version for event in get_events(stream)] == list(range(1, EACH * THREADS + 2))


def test_without_the_choice_somebody_is_overtaken(attempts: Counter[str]) -> None:
    """The planted fault: the test above must see it."""
    add_items_from_all_threads()

    assert attempts["attempts"] > 1 + EACH * THREADS
