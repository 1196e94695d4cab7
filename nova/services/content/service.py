"""The content service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(name="content-service", owns=frozenset({"post", "comment"}), listens=frozenset({"user"}))
register_services([SERVICE])
