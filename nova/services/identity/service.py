"""The identity service: what it owns, and whom it listens to."""

from nova.services.identity.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"user", "account_deletion"}))
register_services([SERVICE])
