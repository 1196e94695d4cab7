"""What the order's domain service finds out, and what follows."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from nova.services.inventory.events import InsufficientInventory, Shortage
from nova.services.orders.aggregates import Line, Order
from nova.services.orders.commands import CancelOrder, PriceOrder, ReportShortage
from nova.services.orders.events import PriceCalculated
from nova.services.orders.fulfilment.assessment import assess, command_for, reaction_to, shortage_of

OPEN = Order(status="open", customer_id="ann", currency="EUR", lines={"tea": Line(2, 500), "cup": Line(1, 900)})
SHORT = InsufficientInventory(order_id="o", product_id="tea", requested=2, available=1)
PRICED = PriceCalculated(order_id="o", total=1_900, currency="EUR")


class Shop(Struct, frozen=True):
    """A stock and a list of prices."""

    counts: Mapping[str, int]
    prices: Mapping[tuple[str, str], int] = {}

    def available(self, order_id: str, product_ids: Collection[str]) -> Mapping[str, int]:
        return self.counts

    def unit_price(self, product_id: str, currency: str) -> int | None:
        return self.prices.get((product_id, currency))


def found(order: Order, **stock: int) -> list[object]:
    shop = Shop(stock)
    return list(assess("o", order, stock=shop, prices=shop))


def test_what_is_not_counted_is_there() -> None:
    assert found(OPEN) == [PRICED]
    assert found(OPEN, tea=2) == [PRICED]


def test_a_shortage_and_the_price_are_found() -> None:
    assert found(OPEN, tea=1) == [SHORT, PRICED]


def test_nothing_is_found_twice() -> None:
    known = Order(status="open", currency="EUR", lines=OPEN.lines, price=1_900, shortages={"tea": 1})
    assert found(known, tea=1) == []


def test_only_open_orders_are_looked_into() -> None:
    assert found(Order(status="paid", currency="EUR", lines=OPEN.lines), tea=0) == []
    assert found(Order()) == []


def test_findings_become_commands() -> None:
    assert command_for(SHORT) == ReportShortage(product_id="tea", requested=2, available=1)
    assert command_for(PRICED) == PriceOrder(total=1_900)
    assert reaction_to(SHORT.shortages[0]) == CancelOrder(reason="insufficient inventory: 1 of 2 tea")


def test_a_listed_price_holds_and_the_orders_own_where_none_is_listed() -> None:
    shop = Shop({}, {("tea", "EUR"): 450, ("cup", "USD"): 1})
    assert assess("o", OPEN, stock=shop, prices=shop) == [PriceCalculated(order_id="o", total=1_800, currency="EUR")]


def test_a_price_that_cannot_be_counted_is_none() -> None:
    shop = Shop({}, {("tea", "EUR"): 2**53 - 1})
    assert assess("o", OPEN, stock=shop, prices=shop) == []


def test_of_several_shortages_the_one_that_still_stands_in_the_way_counts() -> None:
    cup, tea = (Shortage(product_id=name, requested=9, available=1) for name in ("cup", "tea"))
    short = InsufficientInventory(order_id="o", product_id="cup", requested=9, available=1, others=[tea])
    assert shortage_of(OPEN, short) == tea
    assert shortage_of(Order(status="open", lines={"tea": Line(1, 500)}), short) is None
    assert shortage_of(Order(status="paid", lines=OPEN.lines), short) is None
    assert short.shortages == [cup, tea]
