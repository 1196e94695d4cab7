"""The analytics service: what it owns, and whom it listens to."""

from outbox.api import Service, register_services

SERVICE = Service(
    name="analytics-service",
    listens=frozenset({"user", "post", "comment", "follow", "like", "share", "conversation", "media", "order"}),
)
register_services([SERVICE])
