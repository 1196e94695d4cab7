"""The content service: what it owns, and whom it listens to."""

from nova.services.content.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(
    name=OWNER, owns=frozenset({"post", "comment", "content_erasure"}), listens=frozenset({"user", "media"})
)
register_services([SERVICE])
