"""Answers of orders: what the fulfilment asks an order for is carried out by its commands, and answered by an event.

Every request gets an answer, also where the order is as it is wanted already, so that whoever has lost an answer asks
again.
"""

from collections.abc import Sequence
from uuid import uuid5

from django.db import transaction

from events.api import CommandRefused, Expected, NewEvent, StreamId, append_events, execute, load_aggregate
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CancelOrder, PayOrder, ShipOrder
from nova.services.orders.events import (
    CancelRefused,
    CancelRequested,
    CancelSettled,
    OrderSettled,
    SettleRefused,
    SettleRequested,
)
from outbox.api import ReceivedEvent

STREAM = "fulfilment"
OrderCommand = PayOrder | ShipOrder | CancelOrder


def answer(event: ReceivedEvent) -> None:
    """Let the order do what is asked for, all of it or nothing, and answer."""
    asked = event.payload
    reply: OrderSettled | SettleRefused | CancelSettled | CancelRefused | None = None
    if isinstance(asked, SettleRequested):
        refusal = _carried_out(asked.order_id, _to_settle(asked), event)
        reply = _refused(SettleRefused, asked.order_id, refusal) if refusal else OrderSettled(order_id=asked.order_id)
    elif isinstance(asked, CancelRequested):
        refusal = _carried_out(asked.order_id, _to_cancel(asked), event)
        reply = _refused(CancelRefused, asked.order_id, refusal) if refusal else CancelSettled(order_id=asked.order_id)
    if reply is not None:
        new = NewEvent(payload=reply, event_id=uuid5(event.event_id, "answer"))
        append_events(StreamId(STREAM, reply.order_id), Expected.ANY, [new])


def missing_to_settled(status: str, asked: SettleRequested) -> Sequence[OrderCommand]:
    """What an order lacks, as it stands, to be paid and shipped."""
    pay = PayOrder(payment_id=asked.payment_id, amount=asked.amount)
    ship = ShipOrder(tracking_number=asked.tracking_number)
    if status in {"shipped", "delivered"}:
        return []
    return [ship] if status == "paid" else [pay, ship]


def missing_to_cancelled(status: str, asked: CancelRequested) -> Sequence[OrderCommand]:
    """What an order lacks, as it stands, to be cancelled."""
    return [] if status == "cancelled" else [CancelOrder(reason=asked.reason)]


def _to_settle(asked: SettleRequested) -> Sequence[OrderCommand]:
    return missing_to_settled(_status(asked.order_id), asked)


def _to_cancel(asked: CancelRequested) -> Sequence[OrderCommand]:
    return missing_to_cancelled(_status(asked.order_id), asked)


def _status(order_id: str) -> str:
    status: str = load_aggregate(ORDER, order_id).state.status
    return status


def _carried_out(order_id: str, commands: Sequence[OrderCommand], event: ReceivedEvent) -> CommandRefused | None:
    """Give the commands, all or none; why not, where the order's rules are against one."""
    try:
        with transaction.atomic():
            for number, command in enumerate(commands):
                execute(order_id, command, command_id=uuid5(event.event_id, f"command {number}"))
    except CommandRefused as refusal:
        return refusal
    return None


def _refused(
    kind: type[SettleRefused] | type[CancelRefused], order_id: str, refusal: CommandRefused
) -> SettleRefused | CancelRefused:
    return kind(order_id=order_id, code=refusal.code, reason=str(refusal)[:255])
