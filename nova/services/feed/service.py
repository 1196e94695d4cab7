"""The feed service: what it owns, and whom it listens to."""

from nova.services.feed.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"feed_erasure"}), listens=frozenset({"post", "user", "follow"}))
register_services([SERVICE])
