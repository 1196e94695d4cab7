"""Handlers of the identity service: who has completed a profile is welcomed by mail."""

from events.api import load_aggregate
from nova.services.identity.aggregates import USER
from nova.services.identity.events import UserProfileCompleted
from nova.services.identity.service import SERVICE
from nova.services.mail import send
from outbox.api import ReceivedEvent, handles


@handles(UserProfileCompleted, group=SERVICE.name, outside=True)
def welcome(event: ReceivedEvent) -> None:
    """Send a mail, once; after a crash it may come twice, and never not at all. Whoever has left gets none."""
    if not isinstance(event.payload, UserProfileCompleted):
        return
    user = load_aggregate(USER, event.payload.user_id).state
    if user.status == "active":
        send(subject="Welcome to Nova", message=f"Welcome, {user.name}. Your profile is complete.", to=[user.email])
