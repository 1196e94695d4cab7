"""The moderation service: what it owns, and whom it listens to."""

from nova.services.moderation.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"moderation", "verdict"}), listens=frozenset({"post"}))
register_services([SERVICE])
