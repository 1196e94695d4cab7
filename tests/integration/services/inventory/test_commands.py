"""Stock is set aside for an order whole or not at all, and each request is answered once."""

from uuid import uuid4

import pytest
from django.db import transaction
from msgspec import Struct

from events.api import (
    CommandIdConflict,
    Expected,
    NewEvent,
    StreamId,
    append_events,
    execute,
    get_events,
)
from nova.services.inventory.aggregates.stock import ReceiveStock
from nova.services.inventory.commands import release_stock, reserve_stock, sell_stock
from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryRefused,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
    Shortage,
)
from outbox.api import group_named, take_effect
from outbox.models import InboxEntry
from tests.support.inventory import counts, lines
from tests.support.received import received

pytestmark = pytest.mark.usefixtures("redis_url", "db")


def replies(order_id: str) -> list[str]:
    return [event.event_type for event in get_events(StreamId("reservation", order_id))]


def ask(order_id: str, *bodies: Struct) -> None:
    """Append the requests as a saga does, to a stream of its own, and hand them to the group as Kafka would."""
    events = [NewEvent(payload=body) for body in bodies]
    stream = StreamId("fulfilment", order_id)
    append_events(stream, Expected.ANY, events)
    take_effect(
        group_named("inventory-service"),
        [
            received(
                event.payload,
                event_id=event.event_id,
                correlation_id=event.correlation_id,
                aggregate_type="fulfilment",
                aggregate_id=order_id,
            )
            for event in get_events(stream)
        ],
    )


@pytest.fixture(autouse=True)
def goods(db: None) -> None:
    execute("tea", ReceiveStock(quantity=10))
    execute("cup", ReceiveStock(quantity=2))


def test_all_products_of_an_order_are_set_aside_and_leave_together() -> None:
    reply = reserve_stock(order_id="o1", lines=lines(tea=3, cup=1), command_id=uuid4())
    assert reply == InventoryReserved(order_id="o1", lines=lines(cup=1, tea=3))
    assert counts("tea", "cup") == [(7, 3, 0), (1, 1, 0)]

    assert sell_stock(order_id="o1", command_id=uuid4()) == InventorySold(order_id="o1", lines=lines(cup=1, tea=3))
    assert counts("tea", "cup") == [(7, 0, 3), (1, 0, 1)]


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ({"tea": 1, "cup": 3}, [("cup", 3, 2)]),
        ({"tea": 11, "cup": 3}, [("cup", 3, 2), ("tea", 11, 10)]),
        # Never received; and one that could be no stock at all.
        ({"pot": 1}, [("pot", 1, 0)]),
        ({"a/b": 1, "tea": 1}, [("a/b", 1, 0)]),
    ],
)
def test_when_one_product_is_short_nothing_is_set_aside(
    wanted: dict[str, int], missing: list[tuple[str, int, int]]
) -> None:
    reply = reserve_stock(order_id="o1", lines=lines(**wanted), command_id=uuid4())
    assert isinstance(reply, InsufficientInventory)
    assert [(one.product_id, one.requested, one.available) for one in reply.shortages] == missing
    assert counts("tea", "cup") == [(10, 0, 0), (2, 0, 0)]


def test_the_same_product_twice_is_one_line() -> None:
    twice = [*lines(tea=3), *lines(tea=4)]
    assert reserve_stock(order_id="o1", lines=twice, command_id=uuid4()) == InventoryReserved(
        order_id="o1", lines=lines(tea=7)
    )


def test_a_command_takes_effect_once_however_often_it_is_sent() -> None:
    command_id = uuid4()
    answers = [reserve_stock(order_id="o1", lines=lines(tea=3), command_id=command_id) for _ in range(3)]
    assert answers == [InventoryReserved(order_id="o1", lines=lines(tea=3))] * 3
    assert replies("o1") == ["inventory.reserved"]
    assert counts("tea") == [(7, 3, 0)]

    with pytest.raises(CommandIdConflict):
        reserve_stock(order_id="o2", lines=lines(tea=1), command_id=command_id)
    # The same id for another request is another command.
    assert isinstance(release_stock(order_id="o1", command_id=command_id), InventoryReleased)


def test_who_asks_again_under_another_id_gets_an_answer_and_nothing_is_moved() -> None:
    reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
    again = reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
    assert again == InventoryReserved(order_id="o1", lines=lines(tea=3), repeated=True)
    assert replies("o1") == ["inventory.reserved", "inventory.reserved"]
    assert counts("tea") == [(7, 3, 0)]


def test_a_release_that_comes_first_leaves_a_mark() -> None:
    assert release_stock(order_id="o1", command_id=uuid4()) == InventoryReleased(order_id="o1", lines=[])
    late = reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
    assert isinstance(late, InventoryRefused)
    assert late.code == "already_released"
    assert counts("tea") == [(10, 0, 0)]


def test_it_is_part_of_the_open_transaction() -> None:
    with pytest.raises(LookupError), transaction.atomic():
        reserve_stock(order_id="o1", lines=lines(tea=3), command_id=uuid4())
        assert counts("tea") == [(7, 3, 0)]
        raise LookupError
    assert (replies("o1"), counts("tea")) == ([], [(10, 0, 0)])


def test_the_answer_belongs_to_the_conversation_and_is_caused_by_the_request() -> None:
    ask("o1", ReserveRequested(order_id="o1", lines=lines(tea=3)))
    (request,) = get_events(StreamId("fulfilment", "o1"))
    (reply,) = get_events(StreamId("reservation", "o1"))
    moved = get_events(StreamId("stock", "tea"))[-1]
    for event in (reply, moved):
        assert (event.causation_id, event.correlation_id) == (request.event_id, request.correlation_id)


def test_requests_that_come_as_events_are_answered_once_each_in_their_order() -> None:
    wanted = ReserveRequested(order_id="o1", lines=lines(tea=3))
    ask("o1", wanted, wanted, SellRequested(order_id="o1"), ReleaseRequested(order_id="o1"))
    expected = ["inventory.reserved", "inventory.reserved", "inventory.sold", "inventory.refused"]
    assert replies("o1") == expected
    assert counts("tea") == [(7, 0, 3)]

    # Also when the inbox has forgotten them.
    InboxEntry.objects.all().delete()
    take_effect(
        group_named("inventory-service"),
        [received(one.payload, event_id=one.event_id) for one in get_events(StreamId("fulfilment", "o1"))],
    )
    assert replies("o1") == expected


def test_many_orders_of_one_batch_share_one_stock() -> None:
    batch = [received(ReserveRequested(order_id=f"o{number}", lines=lines(tea=3))) for number in range(5)]
    take_effect(group_named("inventory-service"), batch)
    assert [replies(f"o{number}") for number in range(5)] == [["inventory.reserved"]] * 3 + [
        ["inventory.insufficient"]
    ] * 2
    assert counts("tea") == [(1, 9, 0)]


def test_shortages_name_all_that_is_missing_and_how_much_there_is() -> None:
    reply = reserve_stock(order_id="o1", lines=lines(tea=20, cup=9), command_id=uuid4())
    assert isinstance(reply, InsufficientInventory)
    assert reply.others == [Shortage(product_id="tea", requested=20, available=10)]
