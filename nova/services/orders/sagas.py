"""Order fulfilment: goods are set aside, money is taken, the goods leave the house, and the order knows of it.

    order.created ─▶ reserve ─▶ charge ─▶ ship (pivot) ─▶ settle
                       └ release   └ refund

Until the goods have left, everything can be taken back; from then on it goes forward. A customer who orders what is not
there, or whom the payment provider declines, finds the order cancelled and nothing set aside or taken.
"""

from datetime import timedelta

from msgspec import Struct, structs

from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryRefused,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    Line,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
)
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    OrderCreated,
    OrderItem,
    OrderSettled,
    SettleRefused,
    SettleRequested,
)
from nova.services.orders.service import FULFILMENT
from nova.services.payments.events import (
    ChargeRequested,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRefused,
    RefundRequested,
)
from sagas.api import (
    Compensation,
    Kind,
    Request,
    RetryPolicy,
    Saga,
    Start,
    Step,
    done,
    failed,
    refused,
    register_saga,
)

REPLY_TIMEOUT = timedelta(minutes=5)


class Fulfilment(Struct, frozen=True, kw_only=True):
    """What is known of the fulfilment of an order."""

    order_id: str
    currency: str
    amount: int
    """What is taken, in the currency's smallest unit."""
    items: list[OrderItem]
    payment_id: str = ""


def _ordered(created: OrderCreated) -> Fulfilment:
    amount = sum(item.quantity * item.unit_price for item in created.items)
    return Fulfilment(order_id=created.order_id, currency=created.currency, amount=amount, items=created.items)


def _reserve(data: Fulfilment, _: int) -> ReserveRequested:
    lines = [Line(product_id=item.product_id, quantity=item.quantity) for item in data.items]
    return ReserveRequested(order_id=data.order_id, lines=lines)


def _charge(data: Fulfilment, _: int) -> ChargeRequested:
    return ChargeRequested(order_id=data.order_id, amount=data.amount, currency=data.currency)


def _settle(data: Fulfilment, _: int) -> SettleRequested:
    return SettleRequested(
        order_id=data.order_id,
        payment_id=data.payment_id,
        amount=data.amount,
        tracking_number=f"nova-{data.order_id}"[:255],
    )


def _shortage(found: InsufficientInventory) -> str:
    return f"there are {found.available} of {found.requested} {found.product_id}"


# First, so that the order is cancelled last, when everything else is undone.
ACCEPT = Step(
    name="accept",
    compensation=Compensation(
        request=Request(
            event=CancelRequested,
            make=lambda data, _: CancelRequested(order_id=data.order_id, reason="it could not be fulfilled"),
        ),
        replies=(done(CancelSettled), refused(CancelRefused, lambda found: found.reason)),
    ),
)
RESERVE = Step(
    name="reserve",
    request=Request(event=ReserveRequested, make=_reserve),
    replies=(
        done(InventoryReserved),
        refused(InsufficientInventory, _shortage),
        refused(InventoryRefused, lambda found: found.reason),
    ),
    compensation=Compensation(
        request=Request(event=ReleaseRequested, make=lambda data, _: ReleaseRequested(order_id=data.order_id)),
        replies=(done(InventoryReleased), refused(InventoryRefused, lambda found: found.reason)),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
)
CHARGE = Step(
    name="charge",
    request=Request(event=ChargeRequested, make=_charge),
    replies=(
        done(PaymentProcessed, lambda data, found: structs.replace(data, payment_id=found.payment_id)),
        refused(PaymentFailed, lambda found: found.reason),
        refused(PaymentRefused, lambda found: found.reason),
    ),
    compensation=Compensation(
        request=Request(event=RefundRequested, make=lambda data, _: RefundRequested(order_id=data.order_id)),
        replies=(done(PaymentRefunded), refused(PaymentRefused, lambda found: found.reason)),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
)
SHIP = Step(
    name="ship",
    kind=Kind.PIVOT,
    request=Request(event=SellRequested, make=lambda data, _: SellRequested(order_id=data.order_id)),
    replies=(done(InventorySold), refused(InventoryRefused, lambda found: found.reason)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5),
)
SETTLE = Step(
    name="settle",
    kind=Kind.RETRIABLE,
    request=Request(event=SettleRequested, make=_settle),
    replies=(done(OrderSettled), failed(SettleRefused, lambda found: found.reason)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5, base=5.0),
)

ORDER_FULFILMENT = register_saga(
    Saga(
        name="order-fulfilment",
        data=Fulfilment,
        key="order_id",
        starts=(Start(event=OrderCreated, data=_ordered),),
        stages=(ACCEPT, RESERVE, CHARGE, SHIP, SETTLE),
        stream="fulfilment",
    ),
    group=FULFILMENT.name,
)
