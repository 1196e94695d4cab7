"""Queries of orders: get one, list them by customer, status and time, and what a customer's orders come to."""

from datetime import datetime
from typing import Annotated

from django.db.models import Count, Sum
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.field_types import Timestamp
from nova.services.orders.exceptions import OrderNotFound
from nova.services.orders.models import OrderSummary
from nova.services.timestamps import utc
from projections.api import Page, check_limit, check_text, from_cursor, page_of

ORDERS = ("newest", "oldest")
STATUSES = tuple(status for status in OrderSummary.Status.values if status != OrderSummary.Status.NONE)


class OrderLine(Struct, frozen=True, kw_only=True):
    """So many of a product at a price."""

    product_id: str
    quantity: int
    unit_price: int


class OrderView(Struct, frozen=True, kw_only=True):
    """An order as queries answer it. Amounts are whole numbers of the currency's smallest unit."""

    order_id: str
    customer_id: str
    status: Annotated[str, one_of(OrderSummary.Status.values)]
    currency: str
    items: list[OrderLine]
    price: int | None
    """As calculated for these items; null while it is not."""
    total: int
    """What has to be paid, or was: the price, or the sum of the items while there is none."""
    payment_id: str
    tracking_number: str
    reason: str
    """Why it was cancelled."""
    created_at: datetime | None
    updated_at: datetime


class OrderTotal(Struct, frozen=True, kw_only=True):
    """What a customer's orders of one status come to in one currency."""

    status: Annotated[str, one_of(OrderSummary.Status.values)]
    currency: str
    orders: int
    total: int


class OrderKey(Struct, frozen=True, array_like=True):
    """Where a page of orders begins."""

    created_at: Timestamp
    order_id: str


def get_order(order_id: str, *, using: str = "default") -> OrderView:
    """The order of that id. Raises `OrderNotFound`."""
    check_text(order_id, parameter="order_id")
    order = OrderSummary.objects.using(using).filter(order_id=order_id).first()
    if order is None:
        raise OrderNotFound(order_id)
    return _view(order)


def list_orders(
    *,
    customer_id: str | None = None,
    status: str | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    order: str = "newest",
    after: str | None = None,
    limit: int = 50,
    using: str = "default",
) -> Page[OrderView]:
    """A page of orders by the time when they were ordered: of a customer, of a status, from `first` to before `last`.

    Raises `InvalidParameter`.
    """
    check_limit(limit)
    if order not in ORDERS:
        raise InvalidParameter("order", "must be one of " + ", ".join(ORDERS))
    if status is not None and status not in STATUSES:
        raise InvalidParameter("status", "must be one of " + ", ".join(STATUSES))
    if first and last and first > last:
        raise InvalidParameter("from", "must not lie after `to`")
    orders = OrderSummary.objects.using(using).filter(created_at__isnull=False)
    if customer_id is not None:
        check_text(customer_id, parameter="customer_id")
        orders = orders.filter(customer_id=customer_id)
    if status is not None:
        orders = orders.filter(status=status)
    if first is not None:
        orders = orders.filter(created_at__gte=first)
    if last is not None:
        orders = orders.filter(created_at__lt=last)
    is_newest = order == "newest"
    if after is not None:
        key = from_cursor(after, OrderKey, parameter="after")
        check_text(key.order_id, parameter="after")
        at = utc(key.created_at)
        # What lies before the time is found by the index; of that very time, those are left out that came before.
        if is_newest:
            orders = orders.filter(created_at__lte=at).exclude(created_at=at, order_id__gte=key.order_id)
        else:
            orders = orders.filter(created_at__gte=at).exclude(created_at=at, order_id__lte=key.order_id)
    orders = orders.order_by(*(("-created_at", "-order_id") if is_newest else ("created_at", "order_id")))
    found = [_view(one) for one in orders[: limit + 1]]
    return page_of(found, limit=limit, key=lambda view: (view.created_at, view.order_id))


def order_totals(customer_id: str, *, using: str = "default") -> list[OrderTotal]:
    """What the customer's orders come to, by status and currency. Raises `InvalidParameter`."""
    check_text(customer_id, parameter="customer_id")
    orders = OrderSummary.objects.using(using).filter(customer_id=customer_id, created_at__isnull=False)
    groups = orders.values_list("status", "currency").order_by("status", "currency")
    rows = groups.annotate(number=Count("order_id"), amount=Sum("total"))
    return [
        OrderTotal(status=status, currency=currency, orders=number, total=int(amount))
        for status, currency, number, amount in rows
    ]


def _view(order: OrderSummary) -> OrderView:
    return OrderView(
        order_id=order.order_id,
        customer_id=order.customer_id,
        status=order.status,
        currency=order.currency,
        items=[
            OrderLine(product_id=product_id, quantity=quantity, unit_price=unit_price)
            for product_id, (quantity, unit_price) in sorted((id_, _pair(line)) for id_, line in order.lines.items())
        ],
        price=order.price,
        total=order.total,
        payment_id=order.payment_id,
        tracking_number=order.tracking_number,
        reason=order.reason,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def _pair(line: dict[str, int]) -> tuple[int, int]:
    return line["quantity"], line["unit_price"]
