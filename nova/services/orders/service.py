"""The orders service and the fulfilment of orders: what they own, and whom they listen to."""

from nova.services.orders.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"order", "fulfilment"}), listens=frozenset({"reservation"}))
LISTENS = frozenset({"order", "fulfilment", "reservation", "payment", "notice"})
FULFILMENT = Service(name="order-fulfilment", listens=LISTENS)
register_services([SERVICE, FULFILMENT])
