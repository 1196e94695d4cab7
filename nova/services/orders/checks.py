"""System checks of the order service."""

from kit.settings import settings_check
from nova.services.orders.conf import OrdersConf

settings_are_sound = settings_check(OrdersConf, check="nova_orders.E001")
