"""Orders projection: each order as its aggregate has it, with what the aggregate has no use for.

What is in an order and what it costs, the aggregate's own fold says; so the read model cannot say otherwise. Orders of
a customer who is deleted stay: what was sold and paid has to be known, and of the customer they hold the id alone.
"""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

import msgspec
from django.db import connection
from django.db.models import Model
from msgspec import Struct

from events.envelope import RecordedEvent
from nova.services.field_types import MAX_AMOUNT
from nova.services.orders.aggregates import Line, Order, Status, evolve
from nova.services.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderItemAdded,
    OrderItemRemoved,
    OrderPaid,
    OrderShipped,
    PriceCalculated,
)
from nova.services.orders.models import OrderSummary
from nova.services.orders.sql.statements import statement
from nova.services.timestamps import utc
from projections.api import FoldedProjection, UnexpectedPayload, register_projections

_lines = msgspec.json.Decoder(dict[str, Line])


class OrderRow(Struct, kw_only=True):
    """An order while events change it; the columns are explained in `models`."""

    order_id: str
    order: Order = Order()
    """What the aggregate knows."""
    payment_id: str = ""
    tracking_number: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


class OrdersProjection(FoldedProjection[OrderRow]):
    """Keeps `orders_read`, one statement to read and one to write for a whole batch."""

    name = "orders"
    version = 1
    event_types = frozenset(
        {
            "order.created",
            "order.item_added",
            "order.item_removed",
            "order.price_calculated",
            "order.confirmed",
            "order.paid",
            "order.shipped",
            "order.delivered",
            "order.cancelled",
        }
    )
    models: ClassVar[tuple[type[Model], ...]] = (OrderSummary,)

    def key_of(self, event: RecordedEvent) -> str:
        """The order. Raises `UnexpectedPayload` for a payload that is none of the projection's."""
        match event.payload:
            case (
                OrderCreated(order_id=order_id)
                | OrderItemAdded(order_id=order_id)
                | OrderItemRemoved(order_id=order_id)
                | PriceCalculated(order_id=order_id)
                | OrderConfirmed(order_id=order_id)
                | OrderPaid(order_id=order_id)
                | OrderShipped(order_id=order_id)
                | OrderDelivered(order_id=order_id)
                | OrderCancelled(order_id=order_id)
            ):
                return order_id
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)

    def initial(self, key: str) -> OrderRow:
        """An order of which nothing is known."""
        return OrderRow(order_id=key)

    def evolve(self, state: OrderRow, event: RecordedEvent) -> OrderRow:
        """The order after the event."""
        match event.payload:
            case OrderCreated(created_at=created_at):
                state.created_at = state.created_at or utc(created_at)
            case OrderPaid(payment_id=payment_id):
                state.payment_id = payment_id
            case OrderShipped(tracking_number=number):
                state.tracking_number = number
        state.order = evolve(state.order, event.payload)
        state.updated_at = event.timestamp
        return state

    def load(self, keys: Collection[str]) -> dict[str, OrderRow]:
        """Orders as the table has them."""
        with connection.cursor() as cursor:
            cursor.execute(statement("by_id"), {"order_ids": list(keys)})
            return {row[0]: _row(*row) for row in cursor.fetchall()}

    def save(self, states: Collection[OrderRow]) -> None:
        """Write whole orders."""
        with connection.cursor() as cursor:
            cursor.execute(
                statement("upsert"), {"orders": msgspec.json.encode([_columns(row) for row in states]).decode()}
            )


def _row(
    order_id: str,
    customer_id: str,
    status: Status,
    currency: str,
    lines: str,
    price: int | None,
    payment_id: str,
    tracking_number: str,
    reason: str,
    created_at: datetime | None,
    updated_at: datetime,
) -> OrderRow:
    return OrderRow(
        order_id=order_id,
        order=Order(
            status=status,
            customer_id=customer_id,
            currency=currency,
            lines=_lines.decode(lines),
            price=price,
            cancelled_for=reason,
        ),
        payment_id=payment_id,
        tracking_number=tracking_number,
        created_at=created_at,
        updated_at=updated_at,
    )


def _columns(row: OrderRow) -> dict[str, object]:
    order = row.order
    return {
        "order_id": row.order_id,
        "customer_id": order.customer_id,
        "status": order.status,
        "currency": order.currency,
        "lines": order.lines,
        "price": order.price,
        # Events that were appended by hand may ask for more than any order costs.
        "total": min(order.due, MAX_AMOUNT),
        "payment_id": row.payment_id,
        "tracking_number": row.tracking_number,
        "reason": order.cancelled_for,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


PROJECTION = OrdersProjection()
register_projections(PROJECTION)
