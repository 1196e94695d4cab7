"""The social service: what it owns, and whom it listens to."""

from nova.services.social.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"follow", "like", "share"}))
register_services([SERVICE])
