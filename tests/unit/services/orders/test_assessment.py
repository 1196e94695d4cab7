"""What the order's domain service finds out, and what follows."""

from nova.services.orders.aggregates import Line, Order
from nova.services.orders.assessment import CountedStock, ItemPrices, assess, command_for, reaction_to
from nova.services.orders.commands import CancelOrder, PriceOrder, ReportShortage
from nova.services.orders.events import InsufficientInventory, PriceCalculated

OPEN = Order(status="open", customer_id="ann", currency="EUR", lines={"tea": Line(2, 500), "cup": Line(1, 900)})
SHORT = InsufficientInventory(order_id="o", product_id="tea", requested=2, available=1)
PRICED = PriceCalculated(order_id="o", total=1_900, currency="EUR")


def found(order: Order, **stock: int) -> list[object]:
    return list(assess("o", order, stock=CountedStock(stock), prices=ItemPrices()))


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
    assert reaction_to(SHORT) == CancelOrder(reason="insufficient inventory: 1 of 2 tea")
