"""The identity service: what it owns. It is asked for notices by events of whoever asks, in streams of theirs."""

from nova.services.identity.events import OWNER
from outbox.api import Service, register_services

SERVICE = Service(name=OWNER, owns=frozenset({"user", "notice"}))
register_services([SERVICE])
