"""Settings of the order service."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Struct

from kit.settings import Setting, reader


class OrdersConf(Struct, frozen=True, kw_only=True):
    """What the group `order-service` knows where nobody gives it more."""

    stock: Annotated[Mapping[str, int], Setting("NOVA_ORDER_STOCK")] = {}
    """How much there is of products that are counted; `product=number`, comma-separated, in the environment."""
    recipients: Annotated[tuple[str, ...], Setting("NOVA_ORDER_RECIPIENTS")] = ()
    """Mail addresses that are told of new orders."""


orders_conf = reader(OrdersConf)
