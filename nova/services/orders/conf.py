"""Settings of the order service."""

from typing import Annotated

from msgspec import Struct

from kit.settings import Setting, reader


class OrdersConf(Struct, frozen=True, kw_only=True):
    """What the group `order-service` knows where nobody gives it more."""

    recipients: Annotated[tuple[str, ...], Setting("NOVA_ORDER_RECIPIENTS")] = ()
    """Mail addresses that are told of new orders."""


orders_conf = reader(OrdersConf)
