"""The messages service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="messaging-service", owns=frozenset({"conversation"}))
register_services([SERVICE])
