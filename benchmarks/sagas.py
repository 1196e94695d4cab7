"""Saga steps: how many transitions one worker makes a second, on batches as a consumer hands them over.

Beside Nova runs a bare loop of the very statements that Nova sends, in the same transactions with the same parameters:
they are taken down from a run of Nova's that is rolled back, and replayed by plain psycopg. What Nova adds is all else:
reading messages into instances, deciding, encoding, hashing.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock
from uuid import uuid4

import psycopg
from django.db import connection, transaction
from msgspec import Struct

from benchmarks import raw
from benchmarks.events import WHEN
from benchmarks.harness import Measure, as_in_a_worker, rate
from events.api import Expected, NewEvent, StreamId, append_events
from nova.services.inventory.events import InventoryReserved, InventorySold
from nova.services.orders.events import ConfirmSettled, OrderCreated, OrderItem, OrderSettled
from nova.services.payments.events import PaymentProcessed
from outbox.api import ConsumerGroup, ReceivedEvent, group_named, take_effect
from outbox.testing import received

INSTANCES, BATCH = 1_000, 500
TABLES = "TRUNCATE inbox, saga_state, saga_transitions, saga_timers"
SERVICE = "order-service"
ITEM = OrderItem(product_id="tea", quantity=2, unit_price=500)
_numbers = itertools.count()

Statement = tuple[str, Any]


def measures(url: str) -> list[Measure]:
    """The measure of sagas."""
    client = raw.connect(url)
    _introduce()
    return [
        Measure(
            name="saga_steps",
            unit="transitions/s",
            goal=0.6,
            raw=lambda: _raw(client),
            nova=_nova,
        )
    ]


@as_in_a_worker()
def _nova() -> float:
    begun, replies = _lives()
    _empty()
    _hear(begun)

    def work() -> int:
        _hear(replies)
        return sum(map(len, replies))

    return rate(work)


@as_in_a_worker()
def _raw(client: psycopg.Connection[Any]) -> float:
    begun, replies = _lives()
    _empty()
    with transaction.atomic():
        before = _sent_by(begun)
        batches = _sent_by(replies)
        transaction.set_rollback(True)
    _replay(client, before)

    def work() -> int:
        _replay(client, batches)
        return sum(map(len, replies))

    return rate(work)


def _lives() -> tuple[list[list[ReceivedEvent]], list[list[ReceivedEvent]]]:
    """What begins instances, and the replies that bring them to their end, in batches."""
    keys = [f"order-{next(_numbers)}-{uuid4().hex[:6]}" for _ in range(INSTANCES)]
    makers: Sequence[Callable[[str], Struct]] = (
        lambda key: OrderCreated(order_id=key, customer_id="ann", currency="EUR", items=[ITEM], created_at=WHEN),
        lambda key: ConfirmSettled(order_id=key, items=[ITEM], amount=1_000, currency="EUR"),
        lambda key: InventoryReserved(order_id=key, lines=[]),
        lambda key: PaymentProcessed(order_id=key, payment_id=key, amount=1_000, currency="EUR", reference="r"),
        lambda key: InventorySold(order_id=key, lines=[]),
        lambda key: OrderSettled(order_id=key),
    )
    batches = [
        [received(make(key), event_id=uuid4(), source_service=SERVICE) for key in keys[start : start + BATCH]]
        for make in makers
        for start in range(0, INSTANCES, BATCH)
    ]
    first = INSTANCES // BATCH
    return batches[:first], batches[first:]


def _introduce() -> None:
    """Let an event of the service stand in the log, as all of its events do in life: they need not be kept twice."""
    new = NewEvent(payload=OrderSettled(order_id="first"), event_id=uuid4(), source_service=SERVICE)
    append_events(StreamId("benchmark", "first"), Expected.ANY, [new])
    take_effect(_group(), [received(new.payload, event_id=new.event_id, source_service=SERVICE)])


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)


def _group() -> ConsumerGroup:
    return group_named("order-fulfilment")


def _hear(batches: Sequence[Sequence[ReceivedEvent]]) -> None:
    group = _group()
    for batch in batches:
        take_effect(group, batch)


def _sent_by(batches: Sequence[Sequence[ReceivedEvent]]) -> list[list[Statement]]:
    """The statements that Nova sends for each batch, without those that begin and end transactions."""
    group, sent = _group(), []
    for batch in batches:
        with _taken_down() as statements:
            take_effect(group, batch)
        sent.append([one for one in statements if "SAVEPOINT" not in one[0]])
    return sent


@contextmanager
def _taken_down() -> Iterator[list[Statement]]:
    """What psycopg's cursors are asked for."""
    statements: list[Statement] = []
    execute = psycopg.Cursor.execute

    def take_down(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        statements.append((query, params))
        return execute(self, query, params, **options)

    with mock.patch.object(psycopg.Cursor, "execute", take_down):
        yield statements


def _replay(client: psycopg.Connection[Any], batches: Sequence[Sequence[Statement]]) -> None:
    for statements in batches:
        with client.transaction():
            for query, parameters in statements:
                cursor = client.execute(query, parameters)
                if cursor.description:
                    cursor.fetchall()
