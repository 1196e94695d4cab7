"""Stock aggregate: how many of one product there are, and what one costs; the product's id is the aggregate's.

    received + adjusted = on_hand + reserved + sold

What is set aside for orders, released and sold is decided with the order's reservation, for all products of an order
at once (`nova.services.inventory.commands`); here it is counted.
"""

from msgspec import Struct, structs

from events.api import Aggregate, Command, CommandRefused, Issued, aggregates
from nova.services.field_types import Amount, Currency, Quantity, ShortText
from nova.services.inventory.events import (
    Change,
    StockAdjusted,
    StockPriced,
    StockReceived,
    StockReleased,
    StockReserved,
    StockSold,
)


class ReceiveStock(Command, frozen=True, kw_only=True):
    """Take goods in."""

    quantity: Quantity


class AdjustStock(Command, frozen=True, kw_only=True):
    """Put the count right, by so many more or fewer."""

    change: Change
    reason: ShortText


class PriceStock(Command, frozen=True, kw_only=True):
    """Let one of the product cost this from now on, in the currency's smallest unit."""

    currency: Currency
    unit_price: Amount


class NotEnoughStock(CommandRefused):
    """There are fewer than are to be taken away."""

    code = "not_enough_stock"


class Stock(Struct, frozen=True, kw_only=True):
    """What is known of a product's stock."""

    is_counted: bool = False
    """Whether any of it ever came in."""
    received: int = 0
    adjusted: int = 0
    on_hand: int = 0
    """How many can be set aside for an order."""
    reserved: int = 0
    """How many are set aside for orders."""
    sold: int = 0
    prices: dict[str, int] = {}
    """What one costs, by currency."""


def decide(state: Stock, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    product_id = issued.aggregate_id
    match command:
        case ReceiveStock(quantity=quantity):
            return [StockReceived(product_id=product_id, quantity=quantity)]
        case AdjustStock(change=change, reason=reason):
            if state.on_hand + change < 0:
                raise NotEnoughStock(f"there are {state.on_hand} of {product_id}, not {-change}")
            return [StockAdjusted(product_id=product_id, change=change, reason=reason)] if change else []
        case PriceStock(currency=currency, unit_price=unit_price):
            if state.prices.get(currency) == unit_price:
                return []
            return [StockPriced(product_id=product_id, currency=currency, unit_price=unit_price)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a stock")


def evolve(state: Stock, payload: Struct) -> Stock:  # noqa: PLR0911 - one branch per event
    """What is so after an event."""
    match payload:
        case StockReceived(quantity=quantity):
            return structs.replace(
                state, is_counted=True, received=state.received + quantity, on_hand=state.on_hand + quantity
            )
        case StockAdjusted(change=change):
            return structs.replace(
                state, is_counted=True, adjusted=state.adjusted + change, on_hand=state.on_hand + change
            )
        case StockPriced(currency=currency, unit_price=unit_price):
            return structs.replace(state, prices=state.prices | {currency: unit_price})
        case StockReserved(quantity=quantity):
            return structs.replace(state, on_hand=state.on_hand - quantity, reserved=state.reserved + quantity)
        case StockReleased(quantity=quantity):
            return structs.replace(state, on_hand=state.on_hand + quantity, reserved=state.reserved - quantity)
        case StockSold(quantity=quantity):
            return structs.replace(state, reserved=state.reserved - quantity, sold=state.sold + quantity)
        case _:
            return state


STOCK = aggregates.register(
    Aggregate(
        name="stock",
        initial=Stock(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(StockReceived, StockAdjusted, StockPriced, StockReserved, StockReleased, StockSold),
        commands={"receive": ReceiveStock, "adjust": AdjustStock, "price": PriceStock},
    )
)
