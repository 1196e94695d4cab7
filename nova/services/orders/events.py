"""Events of orders and their prices."""

from msgspec import Struct

from events.api import Topic, event
from nova.services.field_types import Amount, Currency, Id, Quantity, ShortText, Timestamp

OWNER = "order-service"
ORDERS = Topic(name="{prefix}.order.events")


class OrderItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of a product at a price."""

    product_id: Id
    quantity: Quantity
    unit_price: Amount


@event("order.created", owner=OWNER, topic=ORDERS, key="order_id")
class OrderCreated(Struct, frozen=True, kw_only=True):
    """Somebody ordered something."""

    order_id: Id
    customer_id: Id
    currency: Currency
    items: list[OrderItem]
    created_at: Timestamp


@event("order.item_added", owner=OWNER, topic=ORDERS, key="order_id")
class OrderItemAdded(Struct, frozen=True, kw_only=True):
    """More was put into an order."""

    order_id: Id
    item: OrderItem


@event("order.item_removed", owner=OWNER, topic=ORDERS, key="order_id")
class OrderItemRemoved(Struct, frozen=True, kw_only=True):
    """All of a product was taken out of an order."""

    order_id: Id
    product_id: Id


@event("order.price_calculated", owner=OWNER, topic=ORDERS, key="order_id")
class PriceCalculated(Struct, frozen=True, kw_only=True):
    """What the order costs as it is."""

    order_id: Id
    total: Amount
    currency: Currency


@event("order.paid", owner=OWNER, topic=ORDERS, key="order_id")
class OrderPaid(Struct, frozen=True, kw_only=True):
    """The whole price was paid."""

    order_id: Id
    payment_id: Id
    amount: Amount
    currency: Currency


@event("order.shipped", owner=OWNER, topic=ORDERS, key="order_id")
class OrderShipped(Struct, frozen=True, kw_only=True):
    """The order is on its way."""

    order_id: Id
    tracking_number: ShortText


@event("order.delivered", owner=OWNER, topic=ORDERS, key="order_id")
class OrderDelivered(Struct, frozen=True, kw_only=True):
    """The order has arrived."""

    order_id: Id
    delivered_at: Timestamp


@event("order.cancelled", owner=OWNER, topic=ORDERS, key="order_id")
class OrderCancelled(Struct, frozen=True, kw_only=True):
    """Nothing will come of the order."""

    order_id: Id
    reason: ShortText
