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
Missing = Callable[[str], Sequence[OrderCommand]]
"""What an order lacks that stands there."""


def answer(event: ReceivedEvent) -> None:
    """Let the order do what is asked for, all of it or nothing, and answer."""
    asked = event.payload
    reply: OrderSettled | SettleRefused | CancelSettled | CancelRefused | None = None
    if isinstance(asked, SettleRequested):
        refusal = _carry_out(asked.order_id, partial(missing_to_settled, asked=asked), event)
        reply = _refused(SettleRefused, asked.order_id, refusal) if refusal else OrderSettled(order_id=asked.order_id)
    elif isinstance(asked, CancelRequested):
        refusal = _carry_out(asked.order_id, partial(missing_to_cancelled, asked=asked), event)
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


def _carry_out(order_id: str, missing: Missing, event: ReceivedEvent) -> CommandRefused | None:
    """Give the commands that the order lacks, all or none; why not, where its rules are against one.

    What it lacks is found out again when somebody else was faster, so that an order which is as it is wanted by now
    refuses nothing.
    """
    while True:
        order = load_aggregate(ORDER, order_id)
        version = order.version
        try:
            with transaction.atomic():
                for number, command in enumerate(missing(order.state.status)):
                    command_id = uuid5(event.event_id, f"command {number}")
                    version = execute(order_id, command, command_id=command_id, expected_version=version).version
        except VersionConflict:
            continue
        except CommandRefused as refusal:
            return refusal
        return None


def _refused(
    kind: type[SettleRefused] | type[CancelRefused], order_id: str, refusal: CommandRefused
) -> SettleRefused | CancelRefused:
    return kind(order_id=order_id, code=refusal.code, reason=str(refusal)[:255])
