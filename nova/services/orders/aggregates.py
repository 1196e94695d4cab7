"""Order aggregate: what may happen to an order, and what is known of one afterwards.

    open ──confirm──▶ confirmed ──pay──▶ paid ──ship──▶ shipped ──deliver──▶ delivered
      └───────────────────┴────────────────┴──cancel──▶ cancelled

While an order is open, items come and go and its price is calculated; a change of items makes the price void. Nobody
need confirm an order to pay for it; the fulfilment does, so that what it sets aside and takes is what was ordered.
Longer than most modules: the rules of one aggregate refer to each other; commands and events stand beside it.
"""

from typing import Literal

from msgspec import Struct, structs

from events.api import Aggregate, Command, Issued, StreamId, aggregates
from nova.services.field_types import MAX_AMOUNT
from nova.services.inventory.events import InsufficientInventory
from nova.services.orders.commands import (
    MAX_PRODUCTS,
    AddItem,
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    ItemNotInOrder,
    OrderAlreadyExists,
    OrderEmpty,
    OrderNotFound,
    OrderTooLarge,
    PayOrder,
    PriceDiffers,
    PriceOrder,
    RemoveItem,
    ReportShortage,
    ShipOrder,
    WrongAmount,
    WrongOrderStatus,
)
from nova.services.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderItem,
    OrderItemAdded,
    OrderItemRemoved,
    OrderPaid,
    OrderShipped,
    PriceCalculated,
)


class Line(Struct, frozen=True):
    """What an order holds of a product."""

    quantity: int
    unit_price: int


Status = Literal["none", "open", "confirmed", "paid", "shipped", "delivered", "cancelled"]


class Order(Struct, frozen=True, kw_only=True):
    """What is known of an order."""

    status: Status = "none"
    customer_id: str = ""
    currency: str = ""
    lines: dict[str, Line] = {}
    """By product."""
    price: int | None = None
    """As calculated for these lines."""
    shortages: dict[str, int] = {}
    """Of which products there was not enough, and how much there was."""
    cancelled_for: str = ""
    """Why nothing will come of it."""

    @property
    def due(self) -> int:
        """What has to be paid: the calculated price, or the sum of the lines while there is none."""
        return _sum(self.lines) if self.price is None else self.price

    @property
    def items(self) -> list[OrderItem]:
        """What is ordered, product by product."""
        return [
            OrderItem(product_id=product_id, quantity=line.quantity, unit_price=line.unit_price)
            for product_id, line in self.lines.items()
        ]


def decide(state: Order, command: Command, issued: Issued) -> list[Struct]:  # noqa: PLR0911, PLR0912 - one branch per command
    """What a command brings about."""
    order_id = issued.aggregate_id
    if isinstance(command, CreateOrder):
        return _create(state, command, issued)
    if state.status == "none":
        raise OrderNotFound(StreamId("order", order_id))
    match command:
        case AddItem(product_id=product_id, quantity=quantity, unit_price=unit_price):
            _check(state, "open")
            item = OrderItem(product_id=product_id, quantity=quantity, unit_price=unit_price)
            _check_price(state.lines, item)
            _check_size(_with(state.lines, item))
            return [OrderItemAdded(order_id=order_id, item=item)]
        case RemoveItem(product_id=product_id):
            _check(state, "open")
            if product_id not in state.lines:
                raise ItemNotInOrder(f"there is no {product_id} in the order")
            if len(state.lines) == 1:
                raise OrderEmpty("the last item stays; cancel the order instead")
            return [OrderItemRemoved(order_id=order_id, product_id=product_id)]
        case PriceOrder(total=total):
            _check(state, "open")
            if total == state.price:
                return []
            return [PriceCalculated(order_id=order_id, total=total, currency=state.currency)]
        case ReportShortage(product_id=product_id, requested=requested, available=available):
            _check(state, "open")
            return [
                InsufficientInventory(
                    order_id=order_id, product_id=product_id, requested=requested, available=available
                )
            ]
        case ConfirmOrder():
            _check(state, "open")
            return [OrderConfirmed(order_id=order_id, items=state.items, total=state.due, currency=state.currency)]
        case PayOrder(payment_id=payment_id, amount=amount):
            _check(state, "open", "confirmed")
            if amount != state.due:
                raise WrongAmount(f"the order costs {state.due} {state.currency}, not {amount}")
            return [OrderPaid(order_id=order_id, payment_id=payment_id, amount=amount, currency=state.currency)]
        case ShipOrder(tracking_number=number):
            _check(state, "paid")
            return [OrderShipped(order_id=order_id, tracking_number=number)]
        case DeliverOrder():
            _check(state, "shipped")
            return [OrderDelivered(order_id=order_id, delivered_at=issued.at)]
        case CancelOrder(reason=reason):
            _check(state, "open", "confirmed", "paid")
            return [OrderCancelled(order_id=order_id, reason=reason)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of an order")


def evolve(state: Order, payload: Struct) -> Order:  # noqa: PLR0911, PLR0912 - one branch per event
    """What is so after an event."""
    match payload:
        case OrderCreated():
            if state.status != "none":
                return state
            lines: dict[str, Line] = {}
            for item in payload.items:
                lines = _with(lines, item)
            return Order(status="open", customer_id=payload.customer_id, currency=payload.currency, lines=lines)
        case OrderItemAdded(item=item):
            return structs.replace(state, lines=_with(state.lines, item), price=None)
        case OrderItemRemoved(product_id=product_id):
            remaining = {product: line for product, line in state.lines.items() if product != product_id}
            return structs.replace(state, lines=remaining, price=None)
        case PriceCalculated(total=total):
            return structs.replace(state, price=total)
        case InsufficientInventory(product_id=product_id, available=available):
            return structs.replace(state, shortages=state.shortages | {product_id: available})
        case OrderConfirmed(total=total):
            return structs.replace(state, status="confirmed", price=total)
        case OrderPaid():
            return structs.replace(state, status="paid")
        case OrderShipped():
            return structs.replace(state, status="shipped")
        case OrderDelivered():
            return structs.replace(state, status="delivered")
        case OrderCancelled(reason=reason):
            return structs.replace(state, status="cancelled", cancelled_for=reason)
        case _:
            return state


def _create(state: Order, command: CreateOrder, issued: Issued) -> list[Struct]:
    if state.status != "none":
        raise OrderAlreadyExists(f"order {issued.aggregate_id} is {state.status}")
    if not command.items:
        raise OrderEmpty("an order holds at least one item")
    lines: dict[str, Line] = {}
    for item in command.items:
        _check_price(lines, item)
        lines = _with(lines, item)
    _check_size(lines)
    return [
        OrderCreated(
            order_id=issued.aggregate_id,
            customer_id=command.customer_id,
            currency=command.currency,
            items=command.items,
            created_at=issued.at,
        )
    ]


def _with(lines: dict[str, Line], item: OrderItem) -> dict[str, Line]:
    there = lines.get(item.product_id)
    return lines | {item.product_id: Line(item.quantity + (there.quantity if there else 0), item.unit_price)}


def _sum(lines: dict[str, Line]) -> int:
    return sum(line.quantity * line.unit_price for line in lines.values())


def _check(state: Order, *allowed: Status) -> None:
    if state.status not in allowed:
        raise WrongOrderStatus(f"the order is {state.status}, not {' or '.join(allowed)}")


def _check_price(lines: dict[str, Line], item: OrderItem) -> None:
    there = lines.get(item.product_id)
    if there is not None and there.unit_price != item.unit_price:
        raise PriceDiffers(f"{item.product_id} is in the order at {there.unit_price}, not at {item.unit_price}")


def _check_size(lines: dict[str, Line]) -> None:
    if len(lines) > MAX_PRODUCTS:
        raise OrderTooLarge(f"more than {MAX_PRODUCTS} products")
    if _sum(lines) > MAX_AMOUNT:
        raise OrderTooLarge(f"it would cost more than {MAX_AMOUNT}")


ORDER = aggregates.register(
    Aggregate(
        name="order",
        initial=Order(),
        decide=decide,
        evolve=evolve,
        fold_version=2,
        events=(
            *(OrderCreated, OrderItemAdded, OrderItemRemoved, PriceCalculated, InsufficientInventory),
            *(OrderConfirmed, OrderPaid, OrderShipped, OrderDelivered, OrderCancelled),
        ),
        commands={
            "create": CreateOrder,
            "add_item": AddItem,
            "remove_item": RemoveItem,
            "price": PriceOrder,
            "report_shortage": ReportShortage,
            "confirm": ConfirmOrder,
            "pay": PayOrder,
            "ship": ShipOrder,
            "deliver": DeliverOrder,
            "cancel": CancelOrder,
        },
    )
)
