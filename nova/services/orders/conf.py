"""Settings of the order service."""

from collections.abc import Mapping

from django.conf import settings
from msgspec import Struct


class OrdersConf(Struct, frozen=True, kw_only=True):
    """What the group `order-service` knows where nobody gives it more."""

    stock: Mapping[str, int]
    """`NOVA_ORDER_STOCK`: how much there is of products that are counted."""
    recipients: tuple[str, ...]
    """`NOVA_ORDER_RECIPIENTS`: mail addresses that are told of new orders."""


def orders_conf() -> OrdersConf:
    """The settings as they are now."""
    return OrdersConf(
        stock=getattr(settings, "NOVA_ORDER_STOCK", {}),
        recipients=tuple(getattr(settings, "NOVA_ORDER_RECIPIENTS", ())),
    )
