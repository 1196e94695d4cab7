"""The media service: what it owns, and whom it listens to."""

from nova.services.media.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"media", "media_erasure"}))
register_services([SERVICE])
