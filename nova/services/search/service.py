"""The search service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="search-service", listens=frozenset({"post", "user", "conversation"}))
register_services([SERVICE])
