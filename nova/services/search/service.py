"""The search service: what it owns, and whom it listens to."""

from nova.services.search.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"search_erasure"}), listens=frozenset({"post", "user", "conversation"}))
register_services([SERVICE])
