"""Events of stock, and of what is set aside for orders; and the requests by which others ask for that.

A request is appended by whoever asks, to a stream of its own. Each gets exactly one answer, caused by it: reserve is
answered with `inventory.reserved` or `inventory.insufficient`, release with `inventory.released`, sell with
`inventory.sold`; and any of them with `inventory.refused` where the rules are against it.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.api import Topic, event
from nova.services.field_types import Amount, Currency, Id, Quantity, ShortText

OWNER = "inventory-service"
INVENTORY = Topic(name="{prefix}.inventory.events")
STOCK = Topic(name="{prefix}.stock.events")

Count = Annotated[int, Meta(ge=0)]
"""How many of a product there are."""
Change = Annotated[int, Meta(ge=-(10**9), le=10**9)]
"""How many more of a product there are, or fewer."""
RequestName = Literal["reserve", "release", "sell"]
RefusalCode = Literal["already_reserved", "already_released", "already_sold", "not_reserved"]


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of a product."""

    product_id: Id
    quantity: Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Shortage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is less of a product than was asked for."""

    product_id: Id
    requested: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    available: Count


@event("stock.received", owner=OWNER, topic=STOCK, key="product_id")
class StockReceived(Struct, frozen=True, kw_only=True):
    """So many more of a product have come in."""

    product_id: Id
    quantity: Quantity


@event("stock.adjusted", owner=OWNER, topic=STOCK, key="product_id")
class StockAdjusted(Struct, frozen=True, kw_only=True):
    """The count of a product was put right: something was lost, found, or came back."""

    product_id: Id
    change: Change
    reason: ShortText


@event("stock.priced", owner=OWNER, topic=STOCK, key="product_id")
class StockPriced(Struct, frozen=True, kw_only=True):
    """What one of a product costs from now on, in a currency."""

    product_id: Id
    currency: Currency
    unit_price: Amount


@event("stock.reserved", owner=OWNER, topic=STOCK, key="product_id")
class StockReserved(Struct, frozen=True, kw_only=True):
    """So many of a product are set aside for an order."""

    product_id: Id
    order_id: Id
    quantity: Count


@event("stock.released", owner=OWNER, topic=STOCK, key="product_id")
class StockReleased(Struct, frozen=True, kw_only=True):
    """What was set aside for an order is there for others again."""

    product_id: Id
    order_id: Id
    quantity: Count


@event("stock.sold", owner=OWNER, topic=STOCK, key="product_id")
class StockSold(Struct, frozen=True, kw_only=True):
    """What was set aside for an order has left the house."""

    product_id: Id
    order_id: Id
    quantity: Count


@event("inventory.reserve_requested", owner=OWNER, topic=INVENTORY, key="order_id")
class ReserveRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to set all of this aside for an order, or nothing."""

    order_id: Id
    lines: Annotated[list[Line], Meta(max_length=1_000)]


@event("inventory.release_requested", owner=OWNER, topic=INVENTORY, key="order_id")
class ReleaseRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to let go of what is set aside for an order, and to set nothing aside for it any more."""

    order_id: Id


@event("inventory.sell_requested", owner=OWNER, topic=INVENTORY, key="order_id")
class SellRequested(Struct, frozen=True, kw_only=True):
    """Somebody says that what is set aside for an order leaves the house."""

    order_id: Id


@event("inventory.reserved", owner=OWNER, topic=INVENTORY, key="order_id")
class InventoryReserved(Struct, frozen=True, kw_only=True):
    """All that was asked for is set aside for an order."""

    order_id: Id
    lines: list[Line]
    repeated: bool = False
    """Whether it was so already, and this only answers once more."""


@event("inventory.insufficient", owner=OWNER, topic=INVENTORY, key="order_id")
class InsufficientInventory(Struct, frozen=True, kw_only=True):
    """There is less of a product than was ordered."""

    order_id: Id
    product_id: Id
    requested: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    available: Count
    others: list[Shortage] = []
    """Of which other products of the order there is not enough either."""

    @property
    def shortages(self) -> list[Shortage]:
        """All of them."""
        first = Shortage(product_id=self.product_id, requested=self.requested, available=self.available)
        return [first, *self.others]


@event("inventory.released", owner=OWNER, topic=INVENTORY, key="order_id")
class InventoryReleased(Struct, frozen=True, kw_only=True):
    """Nothing is set aside for an order any more, and nothing will be."""

    order_id: Id
    lines: list[Line]
    """What was set aside until now; nothing where nothing was."""


@event("inventory.sold", owner=OWNER, topic=INVENTORY, key="order_id")
class InventorySold(Struct, frozen=True, kw_only=True):
    """What was set aside for an order has left the house."""

    order_id: Id
    lines: list[Line]
    repeated: bool = False
    """Whether it was so already, and this only answers once more."""


@event("inventory.refused", owner=OWNER, topic=INVENTORY, key="order_id")
class InventoryRefused(Struct, frozen=True, kw_only=True):
    """A request was not granted, and nothing has changed."""

    order_id: Id
    request: RequestName
    code: RefusalCode
    reason: ShortText
