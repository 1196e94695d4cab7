"""The messages service: what it owns, and whom it listens to."""

from nova.services.messages.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"conversation", "message_erasure"}))
register_services([SERVICE])
