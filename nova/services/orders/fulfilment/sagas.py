"""Order fulfilment: goods are set aside, money is taken, the goods leave the house, and order and customer know of it.

    order.created ─▶ confirm ─▶ reserve ─▶ charge ─▶ ship (pivot) ─▶ settle ─▶ tell
                       └ cancel   └ release   └ refund

Until the goods have left, everything can be taken back; from then on it goes forward. A customer who orders what is not
there, or whom the payment provider declines, finds the order cancelled and nothing set aside or taken, and is told so.
The same in the reacting style stands in `reactions`; `NOVA_ORDER_FULFILMENT` says which of the two fulfils new orders.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from nova.services.identity.events import NoticeRefused, NoticeRequested, NoticeSent
from nova.services.inventory.events import (
    InsufficientInventory,
    InventoryRefused,
    InventoryReleased,
    InventoryReserved,
    InventorySold,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
)
from nova.services.orders.conf import Style
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    ConfirmRefused,
    ConfirmRequested,
    ConfirmSettled,
    OrderCancelled,
    OrderCreated,
    OrderSettled,
    SettleRefused,
    SettleRequested,
)
from nova.services.orders.fulfilment.answers import STREAM
from nova.services.orders.fulfilment.data import (
    MAIL_TIMEOUT,
    REPLY_TIMEOUT,
    Fulfilment,
    cancel,
    charge,
    charged,
    confirm,
    confirmed,
    keep_reason,
    ordered,
    reason_of,
    refund,
    regret,
    release,
    reserve,
    sell,
    settle,
    shortage,
    tell,
    withdrawn,
)
from nova.services.orders.fulfilment.reactions import ORDER_REACTIONS
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
    Interrupt,
    Kind,
    Reply,
    Request,
    RetryPolicy,
    Saga,
    Start,
    Step,
    done,
    failed,
    refused,
    register_saga,
    supersede_saga,
)


def _refused(event: type[Struct], reason: Callable[[Any], str] = reason_of) -> Reply:
    """A refusal of which the customer is told."""
    return refused(event, reason, keep_reason(reason))


# Whom nobody can tell is told as well as can be.
TOLD = (done(NoticeSent, key="reference"), done(NoticeRefused, key="reference"))

# What comes first is undone last: the order is cancelled when all else is undone, and then the customer is told.
REGRET = Step(
    name="regret",
    compensation=Compensation(
        request=Request(event=NoticeRequested, make=regret),
        replies=TOLD,
        deadline=MAIL_TIMEOUT,
    ),
)
CONFIRM = Step(
    name="confirm",
    request=Request(event=ConfirmRequested, make=confirm),
    replies=(done(ConfirmSettled, confirmed), _refused(ConfirmRefused)),
    compensation=Compensation(
        request=Request(event=CancelRequested, make=cancel),
        replies=(done(CancelSettled), refused(CancelRefused, reason_of)),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
)
RESERVE = Step(
    name="reserve",
    request=Request(event=ReserveRequested, make=reserve),
    replies=(
        done(InventoryReserved),
        _refused(InsufficientInventory, shortage),
        _refused(InventoryRefused),
    ),
    compensation=Compensation(
        request=Request(event=ReleaseRequested, make=release),
        replies=(done(InventoryReleased), refused(InventoryRefused, reason_of)),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
)
CHARGE = Step(
    name="charge",
    request=Request(event=ChargeRequested, make=charge),
    replies=(
        done(PaymentProcessed, charged),
        _refused(PaymentFailed),
        _refused(PaymentRefused),
    ),
    compensation=Compensation(
        request=Request(event=RefundRequested, make=refund),
        replies=(done(PaymentRefunded), refused(PaymentRefused, reason_of)),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
)
SHIP = Step(
    name="ship",
    kind=Kind.PIVOT,
    request=Request(event=SellRequested, make=sell),
    replies=(done(InventorySold), _refused(InventoryRefused)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5),
)
SETTLE = Step(
    name="settle",
    kind=Kind.RETRIABLE,
    request=Request(event=SettleRequested, make=settle),
    replies=(done(OrderSettled), failed(SettleRefused, reason_of)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5, base=5.0),
)
TELL = Step(
    name="tell",
    kind=Kind.RETRIABLE,
    request=Request(event=NoticeRequested, make=tell),
    replies=TOLD,
    deadline=MAIL_TIMEOUT,
    retry=RetryPolicy(limit=5),
)

ORDER_FULFILMENT = Saga(
    name=FULFILMENT.name,
    data=Fulfilment,
    key="order_id",
    starts=(Start(event=OrderCreated, data=ordered),),
    interrupts=(Interrupt(event=OrderCancelled, update=keep_reason(withdrawn), reason=withdrawn),),
    stages=(REGRET, CONFIRM, RESERVE, CHARGE, SHIP, SETTLE, TELL),
    stream=STREAM,
)


def register_fulfilment(style: Style) -> None:
    """Let orders be fulfilled by steps or by reactions. What began in the other style ends in that."""
    both: dict[Style, Saga] = {"steps": ORDER_FULFILMENT, "reactions": ORDER_REACTIONS}
    for name, saga in both.items():
        if name == style:
            register_saga(saga, group=FULFILMENT.name)
        else:
            supersede_saga(saga)
