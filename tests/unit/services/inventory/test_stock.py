"""The rules of a product's stock, given what has happened to it; nothing gets lost in it."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as every
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct

from events.api import CommandRefused, Issued
from events.testing import AT, ID, given
from nova.services.inventory.aggregates.reservation import (
    RESERVATION,
    Release,
    Reservation,
    Reserve,
    Sell,
    stock_events,
)
from nova.services.inventory.aggregates.stock import STOCK, AdjustStock, PriceStock, ReceiveStock, Stock
from nova.services.inventory.events import (
    Line,
    Shortage,
    StockAdjusted,
    StockPriced,
    StockReceived,
    StockReleased,
    StockReserved,
    StockSold,
)

TEN = StockReceived(product_id=ID, quantity=10)
SET_ASIDE = StockReserved(product_id=ID, order_id="o", quantity=4)


def test_goods_come_in_and_are_counted() -> None:
    given().when(ReceiveStock(quantity=10)).then(TEN).then_state(is_counted=True, received=10, on_hand=10)
    given(TEN).when(AdjustStock(change=-3, reason="broken")).then(
        StockAdjusted(product_id=ID, change=-3, reason="broken")
    ).then_state(adjusted=-3, on_hand=7)
    given(TEN).when(AdjustStock(change=0, reason="counted")).then()


def test_no_more_is_taken_away_than_there_is_free() -> None:
    given(TEN, SET_ASIDE).when(AdjustStock(change=-6, reason="lost")).then_state(on_hand=0, reserved=4)
    given(TEN, SET_ASIDE).when(AdjustStock(change=-7, reason="lost")).then_refused("not_enough_stock")
    given().when(AdjustStock(change=-1, reason="lost")).then_refused("not_enough_stock")


def test_a_price_is_that_of_its_currency() -> None:
    priced = StockPriced(product_id=ID, currency="EUR", unit_price=450)
    given().when(PriceStock(currency="EUR", unit_price=450)).then(priced).then_state(is_counted=False)
    given(priced).when(PriceStock(currency="EUR", unit_price=450)).then()
    given(priced).when(PriceStock(currency="USD", unit_price=500)).then_state(prices={"EUR": 450, "USD": 500})


@pytest.mark.parametrize(
    ("then", "on_hand", "reserved", "sold"),
    [
        ([], 6, 4, 0),
        ([StockReleased(product_id=ID, order_id="o", quantity=4)], 10, 0, 0),
        ([StockSold(product_id=ID, order_id="o", quantity=4)], 6, 0, 4),
    ],
)
def test_what_is_set_aside_comes_back_or_leaves(then: list[Struct], on_hand: int, reserved: int, sold: int) -> None:
    state = STOCK.fold(STOCK.initial, [TEN, SET_ASIDE, *then])
    assert (state.on_hand, state.reserved, state.sold) == (on_hand, reserved, sold)


PRODUCTS = ("tea", "cup", "pot")
ORDERS = ("o1", "o2", "o3")
lines = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 8), min_size=1).map(
    lambda wanted: [Line(product_id=name, quantity=number) for name, number in sorted(wanted.items())]
)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(PRODUCTS), st.builds(ReceiveStock, quantity=st.integers(1, 20))),
        st.tuples(st.sampled_from(PRODUCTS), st.builds(AdjustStock, change=st.integers(-9, 9), reason=st.just("x"))),
        st.tuples(st.sampled_from(ORDERS), lines | st.sampled_from([Release(), Sell()])),
    ),
    max_size=40,
)


def answer(order_id: str, asked: Any, reservation: Reservation, stocks: dict[str, Stock]) -> Struct:
    """The answer to a list of lines that are to be set aside, or to another command."""
    if isinstance(asked, list):
        short = [
            Shortage(product_id=line.product_id, requested=line.quantity, available=free)
            for line in asked
            if (free := stocks[line.product_id].on_hand) < line.quantity
        ]
        asked = Reserve(lines=asked, shortages=short)
    (reply,) = RESERVATION.decide(reservation, asked, issued(order_id))
    return reply


def issued(aggregate_id: str) -> Issued:
    return Issued(aggregate_id=aggregate_id, command_id=UUID(int=1), at=AT, user_id=None)


@settings(max_examples=300)
@every(steps)
def test_whatever_happens_nothing_is_lost_and_no_stock_falls_below_zero(life: list[tuple[str, Any]]) -> None:
    stocks = dict.fromkeys(PRODUCTS, STOCK.initial)
    reservations = dict.fromkeys(ORDERS, RESERVATION.initial)
    for name, asked in life:
        if name in stocks:
            with suppress(CommandRefused):
                stocks[name] = STOCK.fold(stocks[name], STOCK.decide(stocks[name], asked, issued(name)))
        else:
            reply = answer(name, asked, reservations[name], stocks)
            reservations[name] = RESERVATION.evolve(reservations[name], reply)
            for moved in stock_events(reply):
                stocks[moved.product_id] = STOCK.evolve(stocks[moved.product_id], moved)

        held = [line for one in reservations.values() if one.status == "reserved" for line in one.lines]
        for product_id, stock in stocks.items():
            assert stock.received + stock.adjusted == stock.on_hand + stock.reserved + stock.sold
            assert min(stock.on_hand, stock.reserved, stock.sold) >= 0
            assert stock.reserved == sum(line.quantity for line in held if line.product_id == product_id)
