"""The feed service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="feed-service", listens=frozenset({"post", "user", "follow"}))
register_services([SERVICE])
