"""Order fulfilment in the reacting style: states, in each of which an event says what comes next.

    order.created ─▶ confirming ─▶ reserving ─▶ charging ─▶ selling ─▶ settling ─▶ telling ─▶ completed
                         │             │            │          │
                         │             │            ├──────────┴─▶ refunding ─┐
                         │             ├────────────┴──────────▶ releasing ◀──┘
                         ├─────────────┴─▶ cancelling ◀──────────────┘
                         └─▶ regretting ◀──────┘  └─▶ compensated

It asks the same of the same participants as the steps in `sagas` do. Where an answer leaves it open what has become of
an earlier attempt, it asks for more to be undone: undoing what was never done does nothing but keep it from being done.
"""

from collections.abc import Callable
from datetime import timedelta
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
from nova.services.orders.service import FULFILMENT
from nova.services.payments.events import (
    ChargeRequested,
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRefused,
    RefundRequested,
)
from sagas.api import COMPENSATED, COMPLETED, OPERATOR, On, Request, RetryPolicy, Start, State, StateMachine

WAY_BACK = timedelta(minutes=1)


def _back(event: type[Struct], to: str, *, doubtful: str = "", reason: Callable[[Any], str] = reason_of) -> On:
    """A way back, of whose reason the customer is told."""
    return On(event=event, to=to, doubtful=doubtful, reason=reason, update=keep_reason(reason))


def _told(end: str) -> tuple[On, ...]:
    """Whom nobody can tell is told as well as can be."""
    return tuple(On(event=event, to=end, key="reference") for event in (NoticeSent, NoticeRefused))


CONFIRMING = State(
    name="confirming",
    request=Request(event=ConfirmRequested, make=confirm),
    on=(
        On(event=ConfirmSettled, to="reserving", update=confirmed),
        _back(ConfirmRefused, "regretting", doubtful="cancelling"),
        _back(OrderCancelled, "cancelling", reason=withdrawn),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
    late="cancelling",
)
RESERVING = State(
    name="reserving",
    request=Request(event=ReserveRequested, make=reserve),
    on=(
        On(event=InventoryReserved, to="charging"),
        _back(InsufficientInventory, "cancelling", doubtful="releasing", reason=shortage),
        _back(InventoryRefused, "cancelling", doubtful="releasing"),
        _back(OrderCancelled, "releasing", reason=withdrawn),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
    late="releasing",
)
CHARGING = State(
    name="charging",
    request=Request(event=ChargeRequested, make=charge),
    on=(
        On(event=PaymentProcessed, to="selling", update=charged),
        _back(PaymentFailed, "releasing", doubtful="refunding"),
        _back(PaymentRefused, "releasing", doubtful="refunding"),
        _back(OrderCancelled, "refunding", reason=withdrawn),
    ),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=2),
    late="refunding",
)
SELLING = State(
    name="selling",
    request=Request(event=SellRequested, make=sell),
    on=(On(event=InventorySold, to="settling"), _back(InventoryRefused, "refunding", doubtful=OPERATOR)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5),
)
SETTLING = State(
    name="settling",
    request=Request(event=SettleRequested, make=settle),
    on=(On(event=OrderSettled, to="telling"), On(event=SettleRefused, to=OPERATOR, reason=reason_of)),
    deadline=REPLY_TIMEOUT,
    retry=RetryPolicy(limit=5),
)
TELLING = State(
    name="telling",
    request=Request(event=NoticeRequested, make=tell),
    on=_told(COMPLETED),
    deadline=MAIL_TIMEOUT,
    retry=RetryPolicy(limit=5),
)
REFUNDING = State(
    name="refunding",
    request=Request(event=RefundRequested, make=refund),
    on=(On(event=PaymentRefunded, to="releasing"), On(event=PaymentRefused, to=OPERATOR, reason=reason_of)),
    deadline=WAY_BACK,
    retry=RetryPolicy(limit=10),
)
RELEASING = State(
    name="releasing",
    request=Request(event=ReleaseRequested, make=release),
    on=(On(event=InventoryReleased, to="cancelling"), On(event=InventoryRefused, to=OPERATOR, reason=reason_of)),
    deadline=WAY_BACK,
    retry=RetryPolicy(limit=10),
)
CANCELLING = State(
    name="cancelling",
    request=Request(event=CancelRequested, make=cancel),
    on=(On(event=CancelSettled, to="regretting"), On(event=CancelRefused, to=OPERATOR, reason=reason_of)),
    deadline=WAY_BACK,
    retry=RetryPolicy(limit=10),
)
REGRETTING = State(
    name="regretting",
    request=Request(event=NoticeRequested, make=regret),
    on=_told(COMPENSATED),
    deadline=MAIL_TIMEOUT,
    retry=RetryPolicy(limit=5),
)

ORDER_REACTIONS = StateMachine(
    name=FULFILMENT.name,
    data=Fulfilment,
    key="order_id",
    starts=(Start(event=OrderCreated, data=ordered),),
    states=(
        *(CONFIRMING, RESERVING, CHARGING, SELLING, SETTLING, TELLING),
        *(REFUNDING, RELEASING, CANCELLING, REGRETTING),
    ),
    stream=STREAM,
)
