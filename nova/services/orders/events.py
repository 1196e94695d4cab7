"""Events of orders and their prices."""

from msgspec import Struct

from events.api import Topic, event
from nova.services.field_types import Amount, Currency, Id, Quantity, ShortText, Timestamp

OWNER = "order-service"
ORDERS = Topic(name="{prefix}.order.events")
FULFILMENT = Topic(name="{prefix}.fulfilment.events")


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


@event("order.confirmed", owner=OWNER, topic=ORDERS, key="order_id")
class OrderConfirmed(Struct, frozen=True, kw_only=True):
    """What is ordered and what it costs are fixed: it is fulfilled as it is now, and changes no more."""

    order_id: Id
    items: list[OrderItem]
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


@event("order.confirm_requested", owner=OWNER, topic=FULFILMENT, key="order_id")
class ConfirmRequested(Struct, frozen=True, kw_only=True):
    """The fulfilment asks what exactly is ordered and what it costs, and that neither changes any more."""

    order_id: Id


@event("order.confirm_settled", owner=OWNER, topic=FULFILMENT, key="order_id")
class ConfirmSettled(Struct, frozen=True, kw_only=True):
    """The order is confirmed, by that request or before."""

    order_id: Id
    items: list[OrderItem]
    amount: Amount
    """What is to be taken for all of it."""
    currency: Currency


@event("order.confirm_refused", owner=OWNER, topic=FULFILMENT, key="order_id")
class ConfirmRefused(Struct, frozen=True, kw_only=True):
    """The order's rules are against confirming it, for example because it was cancelled meanwhile."""

    order_id: Id
    code: ShortText
    reason: ShortText


@event("order.settle_requested", owner=OWNER, topic=FULFILMENT, key="order_id")
class SettleRequested(Struct, frozen=True, kw_only=True):
    """The fulfilment asks to note in the order that it was paid and has left the house."""

    order_id: Id
    payment_id: Id
    amount: Amount
    tracking_number: ShortText


@event("order.settled", owner=OWNER, topic=FULFILMENT, key="order_id")
class OrderSettled(Struct, frozen=True, kw_only=True):
    """The order is paid and shipped, as far as it knows."""

    order_id: Id


@event("order.settle_refused", owner=OWNER, topic=FULFILMENT, key="order_id")
class SettleRefused(Struct, frozen=True, kw_only=True):
    """The order's rules are against noting it, for example because it was cancelled meanwhile."""

    order_id: Id
    code: ShortText
    reason: ShortText


@event("order.cancel_requested", owner=OWNER, topic=FULFILMENT, key="order_id")
class CancelRequested(Struct, frozen=True, kw_only=True):
    """The fulfilment has failed and asks to cancel the order."""

    order_id: Id
    reason: ShortText


@event("order.cancel_settled", owner=OWNER, topic=FULFILMENT, key="order_id")
class CancelSettled(Struct, frozen=True, kw_only=True):
    """The order is cancelled, by that request or before."""

    order_id: Id


@event("order.cancel_refused", owner=OWNER, topic=FULFILMENT, key="order_id")
class CancelRefused(Struct, frozen=True, kw_only=True):
    """The order's rules are against cancelling it."""

    order_id: Id
    code: ShortText
    reason: ShortText
