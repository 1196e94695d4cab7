"""Data of an order's fulfilment, and what is asked for with them: the same in both styles, `sagas` and `reactions`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct, structs

from nova.services.identity.events import NoticeRequested
from nova.services.inventory.events import (
    InsufficientInventory,
    Line,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
)
from nova.services.orders.events import (
    CancelRequested,
    ConfirmRequested,
    ConfirmSettled,
    OrderCancelled,
    OrderCreated,
    OrderItem,
    SettleRequested,
)
from nova.services.orders.fulfilment.notices import cancelled, fulfilled
from nova.services.payments.events import ChargeRequested, PaymentProcessed, RefundRequested

REPLY_TIMEOUT = timedelta(minutes=5)
MAIL_TIMEOUT = timedelta(hours=1)


class Fulfilment(Struct, frozen=True, kw_only=True):
    """What is known of the fulfilment of an order."""

    order_id: str
    customer_id: str
    currency: str
    amount: int
    """What is taken, in the currency's smallest unit: as it was ordered at first, until the order is confirmed."""
    items: list[OrderItem]
    payment_id: str = ""
    reason: str = ""
    """Why it could not be fulfilled, for the customer; empty where nobody has said so."""


def ordered(created: OrderCreated) -> Fulfilment:
    """What is known at the beginning."""
    return Fulfilment(
        order_id=created.order_id,
        customer_id=created.customer_id,
        currency=created.currency,
        amount=sum(item.quantity * item.unit_price for item in created.items),
        items=created.items,
    )


def confirmed(data: Fulfilment, found: ConfirmSettled) -> Fulfilment:
    """What is known once the order says what it holds and costs."""
    return structs.replace(data, items=found.items, amount=found.amount, currency=found.currency)


def charged(data: Fulfilment, found: PaymentProcessed) -> Fulfilment:
    """What is known once the money is taken."""
    return structs.replace(data, payment_id=found.payment_id)


def reason_of(found: Any) -> str:
    """Why something was refused, as its event says."""
    reason: str = found.reason
    return reason


def keep_reason(reason: Callable[[Any], str]) -> Callable[[Fulfilment, Any], Fulfilment]:
    """What is known once something is refused: why, for the customer."""
    return lambda data, found: structs.replace(data, reason=reason(found))


def withdrawn(found: OrderCancelled) -> str:
    """Why an order is given up that somebody else has cancelled."""
    return f"it was cancelled ({found.reason})"


def shortage(found: InsufficientInventory) -> str:
    """What there is not enough of."""
    return f"there are {found.available} of {found.requested} {found.product_id}"


def confirm(data: Fulfilment, _: int) -> ConfirmRequested:
    """Let the order say what it holds and costs, and change no more."""
    return ConfirmRequested(order_id=data.order_id)


def reserve(data: Fulfilment, _: int) -> ReserveRequested:
    """Set the goods aside."""
    lines = [Line(product_id=item.product_id, quantity=item.quantity) for item in data.items]
    return ReserveRequested(order_id=data.order_id, lines=lines)


def release(data: Fulfilment, _: int) -> ReleaseRequested:
    """Let others have them, and set nothing aside for the order any more."""
    return ReleaseRequested(order_id=data.order_id)


def charge(data: Fulfilment, _: int) -> ChargeRequested:
    """Take the money."""
    return ChargeRequested(order_id=data.order_id, amount=data.amount, currency=data.currency)


def refund(data: Fulfilment, _: int) -> RefundRequested:
    """Give it back, and take none for the order any more."""
    return RefundRequested(order_id=data.order_id)


def sell(data: Fulfilment, _: int) -> SellRequested:
    """Let the goods leave the house."""
    return SellRequested(order_id=data.order_id)


def settle(data: Fulfilment, _: int) -> SettleRequested:
    """Let the order know that it is paid and on its way."""
    return SettleRequested(
        order_id=data.order_id,
        payment_id=data.payment_id,
        amount=data.amount,
        tracking_number=f"nova-{data.order_id}"[:255],
    )


def cancel(data: Fulfilment, _: int) -> CancelRequested:
    """Let the order know that nothing comes of it."""
    return CancelRequested(order_id=data.order_id, reason="it could not be fulfilled")


def tell(data: Fulfilment, _: int) -> NoticeRequested:
    """Let the customer know that the order has left the house."""
    return fulfilled(data.order_id, data.customer_id)


def regret(data: Fulfilment, _: int) -> NoticeRequested:
    """Let the customer know that nothing comes of it."""
    return cancelled(data.order_id, data.customer_id, data.reason)
