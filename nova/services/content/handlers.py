"""Handlers of the content service: it stores the events of users, and keeps a row and a copy of each user."""

from nova.services.content.service import SERVICE
from nova.services.content.user_copies import EVENT_TYPES, keep_local_users
from outbox.api import Handler, keep_external_events, register_handlers

register_handlers(
    SERVICE.name,
    keep_external_events(SERVICE, EVENT_TYPES),
    Handler(name="local-users", event_types=EVENT_TYPES, handle=keep_local_users),
)
