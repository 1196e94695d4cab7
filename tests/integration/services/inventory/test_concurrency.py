"""Many ask for the same stock at once: nobody gets what is not there, and no two wait for each other."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from msgspec import Struct

from events.api import StreamId, execute, get_events, latest_snapshot, load_aggregate, stream_version
from nova.services.inventory.aggregates.reservation import RESERVATION
from nova.services.inventory.aggregates.stock import STOCK, AdjustStock, ReceiveStock
from nova.services.inventory.commands import reserve_stock
from nova.services.inventory.events import InsufficientInventory, InventoryReserved, ReserveRequested
from outbox.api import group_named, take_effect
from outbox.models import OutboxEvent
from tests.support.inventory import counts, lines
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("redis_url", "recording")


@pytest.fixture(autouse=True)
def goods(recording: None) -> None:
    execute("tea", ReceiveStock(quantity=10))
    execute("cup", ReceiveStock(quantity=2))


def run_at_once(work: Callable[[int], None], number: int) -> None:
    """The work in so many threads, all of which begin together."""
    start = threading.Barrier(number)
    failures: list[BaseException] = []

    def run(place: int) -> None:
        try:
            start.wait()
            work(place)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_only_as_many_orders_get_something_as_there_is() -> None:
    answers: list[Struct] = []

    def reserve(number: int) -> None:
        # Each names the products in another order than its neighbour.
        asked = lines(tea=1, cup=1) if number % 2 else lines(cup=1, tea=1)
        answers.append(reserve_stock(order_id=f"o{number}", lines=asked, command_id=uuid4()))

    run_at_once(reserve, 8)
    assert sum(isinstance(one, InventoryReserved) for one in answers) == 2
    assert sum(isinstance(one, InsufficientInventory) for one in answers) == 6
    assert counts("tea", "cup") == [(8, 2, 0), (0, 2, 0)]


def test_batches_that_name_the_same_products_crosswise_do_not_wait_for_each_other() -> None:
    def handle(number: int) -> None:
        names = ("tea", "cup") if number % 2 else ("cup", "tea")
        batch = [ReserveRequested(order_id=f"{number}-{name}", lines=lines(**{name: 1})) for name in names]
        take_effect(group_named("inventory-service"), [received(body) for body in batch])

    # The database would end one of two that wait for each other with an error, which fails here.
    run_at_once(handle, 6)
    assert counts("tea", "cup") == [(4, 6, 0), (0, 2, 0)]


def test_an_order_that_many_reserve_at_once_is_reserved_once() -> None:
    answers: list[Struct] = []
    command_id = uuid4()

    def reserve(number: int) -> None:
        own: UUID = command_id if number % 2 else uuid4()
        answers.append(reserve_stock(order_id="o1", lines=lines(tea=2), command_id=own))

    run_at_once(reserve, 8)
    assert len(answers) == 8
    assert all(isinstance(one, InventoryReserved) for one in answers)
    assert counts("tea") == [(8, 2, 0)]


def test_a_stock_that_was_changed_meanwhile_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile = iter([AdjustStock(change=-8, reason="lost")])

    def adjust(_: int) -> None:
        for command in meanwhile:
            execute("tea", command)

    def read_and_be_overtaken(stream: StreamId, **options: Any) -> Any:
        events = get_events(stream, **options)
        if stream == StreamId("stock", "tea"):
            run_at_once(adjust, 1)
        return events

    monkeypatch.setattr("nova.services.requests.unit_of_work.get_events", read_and_be_overtaken)
    reply = reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
    assert reply == InsufficientInventory(order_id="o1", product_id="tea", requested=3, available=2)
    assert counts("tea") == [(2, 0, 0)]


def test_every_event_has_its_outbox_row_keyed_by_order_or_product() -> None:
    reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
    rows = OutboxEvent.objects.exclude(event_type="stock.received").order_by("event_type")
    assert [(row.event_type, row.topic.partition(".")[2], row.partition_key) for row in rows] == [
        ("inventory.reserved", "inventory.events", "o1"),
        ("stock.reserved", "stock.events", "tea"),
    ]


def test_a_busy_stock_has_a_snapshot() -> None:
    execute("pot", ReceiveStock(quantity=1_000))
    batch = [received(ReserveRequested(order_id=f"o{number}", lines=lines(pot=1))) for number in range(120)]
    take_effect(group_named("inventory-service"), batch)
    snapshot = latest_snapshot(STOCK, "pot")
    assert snapshot is not None
    loaded = load_aggregate(STOCK, "pot")
    assert (snapshot.version, snapshot.state, loaded.folded) == (121, loaded.state, 0)
    assert loaded.state.reserved == 120
    assert load_aggregate(RESERVATION, "o7").state.status == "reserved"


def test_a_long_stock_goes_on_from_its_snapshot() -> None:
    execute("pot", ReceiveStock(quantity=1_000))
    for start in (0, 120):
        batch = [ReserveRequested(order_id=f"o{number}", lines=lines(pot=2)) for number in range(start, start + 120)]
        take_effect(group_named("inventory-service"), [received(body) for body in batch])
    assert counts("pot") == [(520, 480, 0)]
    assert stream_version(StreamId("stock", "pot")) == 241
