"""Answers of orders: what the fulfilment asks an order for is carried out by its commands, and answered by an event.

Every request gets an answer, also where the order is as it is wanted already, so that whoever has lost an answer asks
again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import uuid5

from django.db import transaction

from events.api import (
    CommandRefused,
    Expected,
    NewEvent,
    StreamId,
    VersionConflict,
    append_events,
    execute,
    load_aggregate,
)
from nova.services.orders.aggregates import ORDER, Order
from nova.services.orders.commands import CancelOrder, ConfirmOrder, PayOrder, PriceOrder, ShipOrder, WrongOrderStatus
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    ConfirmRefused,
    ConfirmRequested,
    ConfirmSettled,
    OrderSettled,
    SettleRefused,
    SettleRequested,
)
from nova.services.orders.fulfilment.assessment import Prices, new_price
from outbox.api import ReceivedEvent

STREAM = "fulfilment"
OrderCommand = ConfirmOrder | PriceOrder | PayOrder | ShipOrder | CancelOrder
Missing = Callable[[Order], Sequence[OrderCommand]]
"""What an order lacks that stands there."""
Refused = ConfirmRefused | SettleRefused | CancelRefused
Reply = ConfirmSettled | OrderSettled | CancelSettled | Refused


def answer(event: ReceivedEvent, *, prices: Prices) -> None:
    """Let the order do what is asked for, all of it or nothing, and answer."""
    asked = event.payload
    reply: Reply
    if isinstance(asked, ConfirmRequested):
        reply = _carry_out(
            asked.order_id, partial(missing_to_confirmed, prices=prices), confirmed, event, ConfirmRefused
        )
    elif isinstance(asked, SettleRequested):
        reply = _carry_out(asked.order_id, partial(missing_to_settled, asked=asked), settled, event, SettleRefused)
    elif isinstance(asked, CancelRequested):
        reply = _carry_out(asked.order_id, partial(missing_to_cancelled, asked=asked), cancelled, event, CancelRefused)
    else:
        return
    new = NewEvent(payload=reply, event_id=uuid5(event.event_id, "answer"))
    append_events(StreamId(STREAM, reply.order_id), Expected.ANY, [new])


def missing_to_confirmed(order: Order, prices: Prices) -> Sequence[OrderCommand]:
    """What an order lacks, as it stands, to be confirmed at what it costs.

    Raises `WrongOrderStatus` for one that is cancelled.
    """
    if order.status == "cancelled":
        # The customer hears of it, who wants to know why.
        raise WrongOrderStatus(f"it was cancelled ({order.cancelled_for})")
    if order.status == "confirmed":
        return []
    price = new_price(order, prices)
    return [ConfirmOrder()] if price is None or order.status != "open" else [PriceOrder(total=price), ConfirmOrder()]


def missing_to_settled(order: Order, asked: SettleRequested) -> Sequence[OrderCommand]:
    """What an order lacks, as it stands, to be paid and shipped."""
    pay = PayOrder(payment_id=asked.payment_id, amount=asked.amount)
    ship = ShipOrder(tracking_number=asked.tracking_number)
    if order.status in {"shipped", "delivered"}:
        return []
    return [ship] if order.status == "paid" else [pay, ship]


def missing_to_cancelled(order: Order, asked: CancelRequested) -> Sequence[OrderCommand]:
    """What an order lacks, as it stands, to be cancelled."""
    return [] if order.status == "cancelled" else [CancelOrder(reason=asked.reason)]


def confirmed(order_id: str, order: Order) -> ConfirmSettled:
    """The answer of an order that is confirmed."""
    return ConfirmSettled(order_id=order_id, items=order.items, amount=order.due, currency=order.currency)


def settled(order_id: str, _: Order) -> OrderSettled:
    """The answer of an order that is paid and shipped."""
    return OrderSettled(order_id=order_id)


def cancelled(order_id: str, _: Order) -> CancelSettled:
    """The answer of an order that is cancelled."""
    return CancelSettled(order_id=order_id)


def _carry_out(
    order_id: str,
    missing: Missing,
    answered: Callable[[str, Order], Reply],
    event: ReceivedEvent,
    refused: type[Refused],
) -> Reply:
    """Give the commands that the order lacks, all or none; the answer, also where its rules are against one.

    What it lacks is found out again when somebody else was faster, so that an order which is as it is wanted by now
    refuses nothing.
    """
    while True:
        loaded = load_aggregate(ORDER, order_id)
        order, version = loaded.state, loaded.version
        try:
            with transaction.atomic():
                for number, command in enumerate(missing(order)):
                    command_id = uuid5(event.event_id, f"command {number}")
                    done = execute(order_id, command, command_id=command_id, expected_version=version)
                    order, version = ORDER.fold(order, done.payloads), done.version
                return answered(order_id, order)
        except VersionConflict:
            continue
        except CommandRefused as refusal:
            return refused(order_id=order_id, code=refusal.code, reason=str(refusal)[:255])
