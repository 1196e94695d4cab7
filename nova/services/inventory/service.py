"""The inventory service: what it owns. It is asked by events of whoever asks, in streams of theirs."""

from outbox.api import Service, register_services

SERVICE = Service(name="inventory-service", owns=frozenset({"stock", "reservation"}))
register_services([SERVICE])
