"""The media service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="media-service", owns=frozenset({"media"}))
register_services([SERVICE])
