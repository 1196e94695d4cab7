"""The orders service: what it owns, and whom it listens to."""

from nova.services.orders.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"order", "fulfilment"}), listens=frozenset({"reservation"}))
register_services([SERVICE])
