"""The identity service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="identity-service", owns=frozenset({"user"}))
register_services([SERVICE])
