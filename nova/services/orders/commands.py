"""Commands to orders, and the reasons why they may be refused."""

from typing import Annotated

from msgspec import Meta

from events.api import AggregateNotFound, Command, CommandRefused
from nova.services.field_types import Amount, Currency, Id, Quantity
from nova.services.orders.events import OrderItem

MAX_PRODUCTS = 1_000


class CreateOrder(Command, frozen=True, kw_only=True):
    """Order something."""

    customer_id: Id
    currency: Currency
    items: Annotated[list[OrderItem], Meta(max_length=MAX_PRODUCTS)]


class AddItem(Command, frozen=True, kw_only=True):
    """Put more into the order; at the same price when the product is in it already."""

    product_id: Id
    quantity: Quantity
    unit_price: Amount


class RemoveItem(Command, frozen=True, kw_only=True):
    """Take all of a product out of the order."""

    product_id: Id


class PriceOrder(Command, frozen=True, kw_only=True):
    """Let this be what the order costs, until its items change."""

    total: Amount


class ReportShortage(Command, frozen=True, kw_only=True):
    """Say that there is not enough of a product."""

    product_id: Id
    requested: Quantity
    available: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class ConfirmOrder(Command, frozen=True, kw_only=True):
    """Fix what is ordered and what it costs, so that it can be fulfilled."""


class PayOrder(Command, frozen=True, kw_only=True):
    """Pay the whole price."""

    payment_id: Id
    amount: Amount


class ShipOrder(Command, frozen=True, kw_only=True):
    """Send the order off."""

    tracking_number: Annotated[str, Meta(min_length=1, max_length=255)]


class DeliverOrder(Command, frozen=True, kw_only=True):
    """Say that it has arrived."""


class CancelOrder(Command, frozen=True, kw_only=True):
    """Let nothing come of it."""

    reason: Annotated[str, Meta(min_length=1, max_length=255)]


class OrderAlreadyExists(CommandRefused):
    """The id belongs to an order already."""

    code = "order_already_exists"


class OrderNotFound(AggregateNotFound, CommandRefused):
    """There is no such order."""

    code = "order_not_found"


class OrderEmpty(CommandRefused):
    """An order holds at least one item; one that shall hold none is cancelled."""

    code = "order_empty"


class OrderTooLarge(CommandRefused):
    """The order would have too many items, or cost more than can be counted."""

    code = "order_too_large"


class PriceDiffers(CommandRefused):
    """The product is in the order at another price."""

    code = "price_differs"


class ItemNotInOrder(CommandRefused):
    """The product is not in the order."""

    code = "item_not_in_order"


class WrongAmount(CommandRefused):
    """The amount is not what the order costs."""

    code = "wrong_amount"


class WrongOrderStatus(CommandRefused):
    """What is wanted does not come next: only open orders change, only paid ones are shipped, and so on."""

    code = "wrong_order_status"
