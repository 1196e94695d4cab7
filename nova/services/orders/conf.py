"""Settings of the order service."""

from typing import Annotated, Literal

from msgspec import Struct

from kit.settings import Setting, reader

Style = Literal["steps", "reactions"]


class OrdersConf(Struct, frozen=True, kw_only=True):
    """What the group `order-service` knows where nobody gives it more."""

    recipients: Annotated[tuple[str, ...], Setting("NOVA_ORDER_RECIPIENTS")] = ()
    """Mail addresses that are told of new orders."""
    fulfilment: Annotated[Style, Setting("NOVA_ORDER_FULFILMENT")] = "steps"
    """How new orders are fulfilled: by the saga of steps, or by the same in the reacting style."""


orders_conf = reader(OrdersConf)
