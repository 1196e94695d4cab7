"""The orders service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="order-service", owns=frozenset({"order", "fulfilment"}), listens=frozenset({"reservation"}))
register_services([SERVICE])
