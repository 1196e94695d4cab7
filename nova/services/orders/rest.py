"""Orders over HTTP."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field
from rest_framework.request import Request
from rest_framework.response import Response

from kit.json.schema import one_of
from kit.rest.description.openapi import described
from kit.rest.preferences import PREFER
from kit.rest.query import Query, Text, Timestamp
from nova.services.orders.exceptions import OrderNotFound
from nova.services.orders.queries import (
    ORDERS,
    STATUSES,
    OrderTotal,
    OrderView,
    get_order,
    list_orders,
    order_totals,
)
from projections.api import Page
from projections.rest.parameters import Paged
from projections.rest.read_models import SEEN_POSITION, ReadModelView

READ = {"GET": "read-models:read"}


class OrdersQuery(Paged, frozen=True, kw_only=True):
    """Which orders, and in what order."""

    customer_id: Annotated[Text | None, Meta(description="Of this customer only")] = None
    status: Annotated[Annotated[str, one_of(STATUSES)] | None, Meta(description="Of this status only")] = None
    first: Annotated[Timestamp | None, Meta(description="Ordered at this time or later")] = field(
        name="from", default=None
    )
    last: Annotated[Timestamp | None, Meta(description="Ordered before this time")] = field(name="to", default=None)
    order: Annotated[str, one_of(ORDERS), Meta(description="`newest` first by default, or `oldest`")] = "newest"


class TotalsQuery(Query, frozen=True, kw_only=True):
    """Whose orders."""

    customer_id: Annotated[Text, Meta(description="The customer")]


class Totals(Struct, frozen=True, kw_only=True):
    """What a customer's orders come to."""

    items: list[OrderTotal]
    next: None = None


class OrdersView(ReadModelView):
    """The orders."""

    read_model = "orders"
    required_scopes: ClassVar = READ

    @described(
        operation_id="list_orders",
        summary="List orders",
        query=OrdersQuery,
        answer=Page[OrderView],
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """A page of orders by the time when they were ordered."""
        query = OrdersQuery.of(request)
        page = self.answer(
            request,
            lambda source: list_orders(
                customer_id=query.customer_id,
                status=query.status,
                first=query.first,
                last=query.last,
                order=query.order,
                after=query.after,
                limit=query.limit,
                using=source.alias,
            ),
        )
        return Response(page)


class OneOrderView(ReadModelView):
    """One order."""

    read_model = "orders"
    required_scopes: ClassVar = READ

    @described(
        operation_id="get_order",
        summary="Get one order",
        answer=OrderView,
        errors=(OrderNotFound,),
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request, order_id: str) -> Response:
        """The order of that id, cancelled ones included."""
        return Response(self.answer(request, lambda source: get_order(order_id, using=source.alias)))


class OrderTotalsView(ReadModelView):
    """What orders come to."""

    read_model = "orders"
    required_scopes: ClassVar = READ

    @described(
        operation_id="total_orders",
        summary="Sum up a customer's orders",
        query=TotalsQuery,
        answer=Totals,
        headers=(PREFER,),
        answer_headers=SEEN_POSITION,
    )
    def get(self, request: Request) -> Response:
        """How many orders the customer has, and what they come to, by status and currency."""
        query = TotalsQuery.of(request)
        return Response(
            Totals(items=self.answer(request, lambda source: order_totals(query.customer_id, using=source.alias)))
        )
