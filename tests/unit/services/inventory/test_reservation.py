"""The rules of what is set aside for an order: each command has one answer, given what has happened before."""

from uuid import UUID

import pytest
from msgspec import Struct

from events.api import Command, Issued
from events.testing import AT, ID
from nova.services.inventory.aggregates.reservation import RESERVATION, Release, Reserve, Sell, stock_events
from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryRefused,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    Line,
    Shortage,
    StockReleased,
    StockReserved,
    StockSold,
)

LINES = [Line(product_id="cup", quantity=1), Line(product_id="tea", quantity=2)]
RESERVE = Reserve(lines=LINES, shortages=[])
SHORT = Reserve(
    lines=LINES,
    shortages=[
        Shortage(product_id="cup", requested=1, available=0),
        Shortage(product_id="tea", requested=2, available=1),
    ],
)
RESERVED = InventoryReserved(order_id=ID, lines=LINES)
RELEASED = InventoryReleased(order_id=ID, lines=LINES)
NOTHING_RELEASED = InventoryReleased(order_id=ID, lines=[])
SOLD = InventorySold(order_id=ID, lines=LINES)
INSUFFICIENT = InsufficientInventory(
    order_id=ID, product_id="cup", requested=1, available=0, others=list(SHORT.shortages[1:])
)


def answer(command: Command, *before: Struct) -> Struct:
    state = RESERVATION.fold(RESERVATION.initial, before)
    (reply,) = RESERVATION.decide(state, command, Issued(aggregate_id=ID, command_id=UUID(int=1), at=AT, user_id=None))
    return reply


@pytest.mark.parametrize(
    ("before", "command", "expected"),
    [
        ([], RESERVE, RESERVED),
        ([], SHORT, INSUFFICIENT),
        # There may be enough when it is asked for again.
        ([INSUFFICIENT], RESERVE, RESERVED),
        ([RESERVED], Release(), RELEASED),
        ([RESERVED], Sell(), SOLD),
    ],
)
def test_all_of_it_is_set_aside_or_nothing(before: list[Struct], command: Command, expected: Struct) -> None:
    assert answer(command, *before) == expected


@pytest.mark.parametrize("again", [RESERVE, SHORT])
def test_what_is_asked_for_again_is_answered_again_and_moves_nothing(again: Command) -> None:
    repeated = InventoryReserved(order_id=ID, lines=LINES, repeated=True)
    assert answer(again, RESERVED) == repeated
    assert answer(Sell(), RESERVED, repeated, SOLD) == InventorySold(order_id=ID, lines=LINES, repeated=True)
    assert answer(Release(), RESERVED, RELEASED) == NOTHING_RELEASED
    assert [stock_events(reply) for reply in (repeated, NOTHING_RELEASED, INSUFFICIENT)] == [[], [], []]


def test_the_release_of_nothing_says_so_and_a_reserve_that_comes_after_it_sets_nothing_aside() -> None:
    assert answer(Release()) == NOTHING_RELEASED
    late = answer(RESERVE, NOTHING_RELEASED)
    assert isinstance(late, InventoryRefused)
    assert (late.request, late.code) == ("reserve", "already_released")
    assert stock_events(late) == []


@pytest.mark.parametrize(
    ("before", "command", "code"),
    [
        ([], Sell(), "not_reserved"),
        ([INSUFFICIENT], Sell(), "not_reserved"),
        ([RESERVED], Reserve(lines=LINES[:1], shortages=[]), "already_reserved"),
        ([RESERVED, RELEASED], RESERVE, "already_released"),
        ([RESERVED, RELEASED], Sell(), "already_released"),
        ([RESERVED, SOLD], RESERVE, "already_sold"),
        ([RESERVED, SOLD], Release(), "already_sold"),
    ],
)
def test_what_the_rules_are_against_is_answered_too(before: list[Struct], command: Command, code: str) -> None:
    reply = answer(command, *before)
    assert isinstance(reply, InventoryRefused)
    assert reply.code == code
    state = RESERVATION.fold(RESERVATION.initial, before)
    assert RESERVATION.evolve(state, reply) == state


@pytest.mark.parametrize(("reply", "kind"), [(RESERVED, StockReserved), (RELEASED, StockReleased), (SOLD, StockSold)])
def test_the_stock_of_each_product_follows(
    reply: Struct, kind: type[StockReserved | StockReleased | StockSold]
) -> None:
    assert stock_events(reply) == [
        kind(product_id="cup", order_id=ID, quantity=1),
        kind(product_id="tea", order_id=ID, quantity=2),
    ]
