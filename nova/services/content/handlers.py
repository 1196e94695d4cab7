"""Handlers of the content service: it stores the events of users, keeps a row and a copy of each, and removes posts."""

from uuid import uuid5

import structlog

from events.api import CommandRefused, execute
from nova.services.content.aggregates.post import DeletePost
from nova.services.content.events import RemovalRequested
from nova.services.content.service import SERVICE
from nova.services.content.user_copies import EVENT_TYPES, keep_local_users
from outbox.api import Handler, ReceivedEvent, handles, keep_external_events, register_handlers

log = structlog.get_logger(__name__)

register_handlers(
    SERVICE.name,
    keep_external_events(SERVICE, EVENT_TYPES),
    Handler(name="local-users", event_types=EVENT_TYPES, handle=keep_local_users),
)


@handles(RemovalRequested, group=SERVICE.name)
def remove_post(event: ReceivedEvent) -> None:
    """Delete the post; of one that is not there nothing is said but in the log, and whoever asked sees it."""
    if not isinstance(event.payload, RemovalRequested):
        return
    try:
        execute(event.payload.content_id, DeletePost(), command_id=uuid5(event.event_id, "remove"))
    except CommandRefused as refusal:
        log.info("a post is not removed", post_id=event.payload.content_id, code=refusal.code)
