"""The orders service and the fulfilment of orders: what they own, and whom they listen to."""

from nova.services.orders.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"order", "fulfilment"}), listens=frozenset({"reservation"}))
FULFILMENT = Service(name="order-fulfilment", listens=frozenset({"order", "fulfilment", "reservation", "payment"}))
register_services([SERVICE, FULFILMENT])
