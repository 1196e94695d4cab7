"""The social service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="social-service", owns=frozenset({"follow", "like", "share"}))
register_services([SERVICE])
