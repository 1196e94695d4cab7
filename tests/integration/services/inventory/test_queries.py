"""What there is for an order is never less than it can have, also when it gets it in the middle of the question."""

from typing import Any
from uuid import uuid4

import pytest

from events.api import execute, load_aggregate
from nova.services.inventory import queries
from nova.services.inventory.aggregates.stock import ReceiveStock
from nova.services.inventory.commands import reserve_stock
from nova.services.inventory.queries import CurrentStock
from tests.support.inventory import lines

pytestmark = pytest.mark.usefixtures("redis_url", "db")


def test_what_is_set_aside_for_the_order_during_the_question_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    execute("cup", ReceiveStock(quantity=2))
    read: list[str] = []

    def load_and_be_overtaken(aggregate: Any, aggregate_id: str) -> Any:
        loaded = load_aggregate(aggregate, aggregate_id)
        if not read:
            reserve_stock(order_id="o", lines=lines(cup=2), command_id=uuid4())
        read.append(aggregate_id)
        return loaded

    monkeypatch.setattr(queries, "load_aggregate", load_and_be_overtaken)

    assert CurrentStock().available("o", ["cup"])["cup"] >= 2
    assert len(read) == 2
