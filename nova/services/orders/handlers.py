"""Order handlers: the group `order-service` checks stock, prices and tells; a shortage ends the order.

Whom it asks about stock and prices, the composition says (`nova/wiring.py`): a service knows no other by more than its
events.
"""

from functools import partial

import structlog
from msgspec import Struct

from events.api import VersionConflict, execute, load_aggregate
from nova.services.inventory.events import InsufficientInventory
from nova.services.mail import send
from nova.services.orders.aggregates import ORDER, Order
from nova.services.orders.conf import orders_conf
from nova.services.orders.events import OrderCreated
from nova.services.orders.fulfilment.answers import answer
from nova.services.orders.fulfilment.assessment import (
    Notifications,
    Prices,
    Stock,
    assess,
    command_for,
    reaction_to,
    shortage_of,
)
from outbox.api import Handler, ReceivedEvent

log = structlog.get_logger(__name__)

REQUESTS = ("order.confirm_requested", "order.settle_requested", "order.cancel_requested")
CHANGES = ("order.created", "order.item_added", "order.item_removed")


class MailNotifications(Struct, frozen=True):
    """Tells by mail whoever `NOVA_ORDER_RECIPIENTS` names; nobody, where it names nobody."""

    recipients: tuple[str, ...]

    def order_created(self, order: OrderCreated, order_state: Order) -> None:
        """Send a mail. It may come twice after a crash, and never not at all.

        Raises `Unavailable` while the mail server is away, so that the message waits for it.
        """
        if not self.recipients:
            return
        send(
            subject=f"Order {order.order_id}",
            message=f"{order.customer_id} ordered for {order_state.due} {order.currency} (smallest unit).",
            to=self.recipients,
            key=f"order-created/{order.order_id}",
        )


def order_handlers(*, stock: Stock, prices: Prices, notifications: Notifications | None = None) -> tuple[Handler, ...]:
    """The group's handlers. Where no notifications are given, those of the settings are, read when they are needed."""

    def assess_order(event: ReceivedEvent) -> None:
        order_id = _order_id(event)
        if order_id is not None:
            _take_over_findings(order_id, stock, prices)

    def notify(event: ReceivedEvent) -> None:
        if isinstance(event.payload, OrderCreated):
            state = load_aggregate(ORDER, event.payload.order_id).state
            teller = notifications or MailNotifications(orders_conf().recipients)
            teller.order_created(event.payload, state)

    return (
        Handler(name="order-findings", event_types=CHANGES, handle=assess_order),
        Handler(name="order-shortages", event_types=("inventory.insufficient",), handle=end_short_order),
        Handler(name="answer_fulfilment", event_types=REQUESTS, handle=partial(answer, prices=prices)),
        # Not sent again because something behind it in the batch has failed.
        Handler(name="order-notifications", event_types=("order.created",), handle=notify, outside=True),
    )


def end_short_order(event: ReceivedEvent) -> None:
    """Cancel an order of which not everything is there, unless it was paid or needs less by now."""
    insufficient = event.payload
    if not isinstance(insufficient, InsufficientInventory):
        return
    order_id = insufficient.order_id
    while True:
        loaded = load_aggregate(ORDER, order_id)
        shortage = shortage_of(loaded.state, insufficient)
        if shortage is None:
            log.info("short order is left as it is", order_id=order_id, status=loaded.state.status)
            return
        try:
            execute(order_id, reaction_to(shortage), expected_version=loaded.version)
        except VersionConflict:
            continue
        else:
            return


def _take_over_findings(order_id: str, stock: Stock, prices: Prices) -> None:
    """Find out and let the order know, again when it was changed meanwhile: a price is that of the items it has."""
    while True:
        loaded = load_aggregate(ORDER, order_id)
        version = loaded.version
        try:
            for found in assess(order_id, loaded.state, stock=stock, prices=prices):
                version = execute(order_id, command_for(found), expected_version=version).version
        except VersionConflict:
            continue
        else:
            return


def _order_id(event: ReceivedEvent) -> str | None:
    """Whom the event speaks of; None for a payload that this code does not know."""
    order_id = getattr(event.payload, "order_id", None)
    return order_id if isinstance(order_id, str) else None
