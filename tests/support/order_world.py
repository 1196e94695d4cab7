"""The world around an order: inventory, payments, the order and its customer, with the rules of their services."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Struct, structs

from events.api import CommandRefused, Issued
from nova.services.identity.aggregates import User
from nova.services.identity.events import NoticeAccepted, NoticeRequested, NoticeSent
from nova.services.identity.notices import what_follows
from nova.services.inventory.aggregates.reservation import RESERVATION, Release, Reserve, Sell, stock_events
from nova.services.inventory.events import (
    Line,
    ReleaseRequested,
    ReserveRequested,
    SellRequested,
    Shortage,
    StockReleased,
    StockReserved,
    StockSold,
)
from nova.services.orders.aggregates import ORDER
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    ConfirmRefused,
    ConfirmRequested,
    OrderCancelled,
    OrderCreated,
    OrderItem,
    SettleRefused,
    SettleRequested,
)
from nova.services.orders.fulfilment import answers as fulfilment
from nova.services.orders.fulfilment.notices import cancelled, fulfilled
from nova.services.orders.fulfilment.sagas import ORDER_FULFILMENT
from nova.services.payments.aggregates import PAYMENT, Capture, Refund, settled, to_refund
from nova.services.payments.events import ChargeRequested, RefundRequested
from nova.services.payments.outcome import Approved, Declined
from sagas.explorer.scenario import Scenario
from sagas.machine.instance import Instance, Status

AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
ISSUED = Issued(aggregate_id="o", command_id=UUID(int=1), at=AT, user_id=None)
CREATED = OrderCreated(
    order_id="o",
    customer_id="ann",
    currency="EUR",
    items=[OrderItem(product_id="tea", quantity=2, unit_price=500)],
    created_at=AT,
)
WITHDRAWN = OrderCancelled(order_id="o", reason="too slow")
STOCK, PRICE = 10, 1_200
"""What the list says; the customer has ordered at 1 000."""


class ListedPrices:
    """Tea has become dearer."""

    def unit_price(self, product_id: str, currency: str) -> int | None:
        return PRICE // 2


class Inventory:
    """Tea, and what is set aside of it for the order."""

    requests = (ReserveRequested, ReleaseRequested, SellRequested)

    def __init__(self) -> None:
        self.state = RESERVATION.initial
        self.on_hand, self.reserved, self.sold = STOCK, 0, 0

    def answer(self, request: Any, choose: Any) -> Struct:
        command: Any
        match request:
            case ReserveRequested(lines=lines):
                is_short = self.state.status == "none" and choose(4) == 1
                shortages = [Shortage(product_id="tea", requested=2, available=1)] if is_short else []
                command = Reserve(
                    lines=[Line(product_id=one.product_id, quantity=one.quantity) for one in lines], shortages=shortages
                )
            case ReleaseRequested():
                command = Release()
            case _:
                command = Sell()
        (reply,) = RESERVATION.decide(self.state, command, ISSUED)
        self.state = RESERVATION.evolve(self.state, reply)
        for moved in stock_events(reply):
            self._move(moved)
        return reply

    def _move(self, moved: StockReserved | StockReleased | StockSold) -> None:
        match moved:
            case StockReserved(quantity=quantity):
                self.on_hand, self.reserved = self.on_hand - quantity, self.reserved + quantity
            case StockReleased(quantity=quantity):
                self.on_hand, self.reserved = self.on_hand + quantity, self.reserved - quantity
            case StockSold(quantity=quantity):
                self.reserved, self.sold = self.reserved - quantity, self.sold + quantity


class Payments:
    """The order's payment, and what the provider has taken and given back."""

    requests = (ChargeRequested, RefundRequested)

    def __init__(self, inventory: Inventory) -> None:
        self.state = PAYMENT.initial
        self.inventory = inventory
        self.taken: list[int] = []
        self.returned: list[int] = []
        self.taken_for_nothing = False

    def answer(self, request: Any, choose: Any) -> Struct:
        command: Any
        if isinstance(request, ChargeRequested):
            command = Capture(amount=request.amount, currency=request.currency)
        else:
            command = Refund(amount=request.amount)
        if settled(self.state, command, "o") is None:
            command = structs.replace(command, outcome=self._provider(command, choose))
        (reply,) = PAYMENT.decide(self.state, command, ISSUED)
        self.state = PAYMENT.evolve(self.state, reply)
        return reply

    def _provider(self, command: Any, choose: Any) -> Approved | Declined:
        if isinstance(command, Refund):
            self.returned.append(to_refund(self.state, command))
            return Approved(reference="back")
        if choose(4) == 1:
            return Declined(reason="no funds")
        self.taken.append(command.amount)
        self.taken_for_nothing = self.inventory.reserved == 0
        return Approved(reference="taken")


class Orders:
    """The order."""

    requests = (ConfirmRequested, SettleRequested, CancelRequested)

    def __init__(self, *events: Struct) -> None:
        self.state = ORDER.fold(ORDER.initial, (CREATED, *events))

    def answer(self, request: Any, choose: Any) -> Struct:
        missing, answered, refused = self._way(request)
        state = self.state
        try:
            for command in missing(state):
                for happened in ORDER.decide(state, command, ISSUED):
                    state = ORDER.evolve(state, happened)
        except CommandRefused as refusal:
            refusing: Struct = refused(order_id="o", code=refusal.code, reason=str(refusal))
            return refusing
        self.state = state
        answer: Struct = answered("o", state)
        return answer

    def _way(self, request: Any) -> tuple[Any, Any, Any]:
        match request:
            case ConfirmRequested():
                return (
                    partial(fulfilment.missing_to_confirmed, prices=ListedPrices()),
                    fulfilment.confirmed,
                    ConfirmRefused,
                )
            case SettleRequested():
                return partial(fulfilment.missing_to_settled, asked=request), fulfilment.settled, SettleRefused
            case _:
                return partial(fulfilment.missing_to_cancelled, asked=request), fulfilment.cancelled, CancelRefused


class Identity:
    """The customer, who may have left, and the mails that were sent: their notices, in order."""

    requests = (NoticeRequested,)

    def __init__(self) -> None:
        self.user = User(status="active", email="ann@example.org")
        self.streams: dict[str, list[Struct]] = {}
        self.mails: list[str] = []

    def answer(self, request: Any, choose: Any) -> Struct | None:
        if not self.streams and choose(4) == 1:
            self.user = User(status="inactive")
        stream = self.streams.setdefault(request.notice_id, [])
        follows: Struct | None = what_follows(request, stream, self.user)
        if isinstance(follows, NoticeAccepted):
            stream.append(follows)
            self.mails.append(request.notice_id)
            follows = NoticeSent(user_id="ann", notice_id=request.notice_id, reference="o")
        if follows:
            stream.append(follows)
        return follows


def participants(*events: Struct) -> Sequence[Any]:
    """All of them; the events have happened to the order, beside its creation."""
    inventory = Inventory()
    return (inventory, Payments(inventory), Orders(*events), Identity())


def violation(instance: Instance, world: Sequence[Any]) -> str:
    """What must not be: goods or money gone or doubled, an order or a customer that knows nothing of the end."""
    inventory, payments, orders, identity = world
    money = (sum(payments.taken), sum(payments.returned))
    if inventory.on_hand + inventory.reserved + inventory.sold != STOCK:
        return f"stock is not conserved: {inventory.on_hand} + {inventory.reserved} + {inventory.sold}"
    if len(payments.taken) > 1:
        return f"the customer is charged {len(payments.taken)} times"
    if payments.taken_for_nothing:
        return "money is taken for what is not set aside"
    if len(identity.mails) > len(set(identity.mails)):
        return "the customer is told twice"
    notice = {
        Status.COMPLETED: fulfilled("o", "ann").notice_id,
        Status.COMPENSATED: cancelled("o", "ann", "").notice_id,
    }.get(instance.status)
    if notice and identity.mails != [notice] and identity.user.status == "active":
        return f"{instance.status}: the customer was told {len(identity.mails)} times"
    match instance.status:
        case Status.COMPLETED:
            right = (inventory.sold, money, orders.state.status) == (2, (PRICE, 0), "shipped")
        case Status.COMPENSATED:
            untouched = inventory.on_hand == STOCK
            right = untouched and money[0] == money[1] and orders.state.status == "cancelled"
        case _:
            right = True
    return "" if right else f"{instance.status}: sold {inventory.sold}, money {money}, order {orders.state.status}"


AN_ORDER = Scenario(saga=ORDER_FULFILMENT, events=(CREATED,), participants=participants, violation=violation)
A_WITHDRAWN_ORDER = structs.replace(AN_ORDER, events=(CREATED, WITHDRAWN), participants=lambda: participants(WITHDRAWN))
"""The customer has cancelled it, and the fulfilment hears of that at some time."""
