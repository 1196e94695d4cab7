"""Handlers of the identity service: who has completed a profile is welcomed by mail, and others have users told."""

from events.api import load_aggregate
from nova.services.identity.aggregates import USER
from nova.services.identity.events import NoticeAccepted, NoticeRequested, UserProfileCompleted
from nova.services.identity.notices import answer_accepted, send_accepted, take_request
from nova.services.identity.service import SERVICE
from nova.services.mail import send
from outbox.api import ReceivedEvent, handles


@handles(UserProfileCompleted, group=SERVICE.name, outside=True)
def welcome(event: ReceivedEvent) -> None:
    """Send a mail, once; after a crash it may come twice, and never not at all. Whoever has left gets none."""
    if not isinstance(event.payload, UserProfileCompleted):
        return
    user_id = event.payload.user_id
    user = load_aggregate(USER, user_id).state
    if user.status == "active":
        message = f"Welcome, {user.name}. Your profile is complete."
        send(subject="Welcome to Nova", message=message, to=[user.email], key=f"welcome/{user_id}")


@handles(NoticeRequested, group=SERVICE.name)
def take_notice(event: ReceivedEvent) -> None:
    """Accept what a user is to be told."""
    if isinstance(event.payload, NoticeRequested):
        take_request(event, event.payload)


# Two handlers: a transaction that is rolled back takes the answer with it, and the mail that was sent stays.
@handles(NoticeAccepted, group=SERVICE.name, outside=True)
def send_notice(event: ReceivedEvent) -> None:
    """Send the mail of a notice, once as far as Redis remembers."""
    if isinstance(event.payload, NoticeAccepted):
        send_accepted(event, event.payload)


@handles(NoticeAccepted, group=SERVICE.name)
def answer_notice(event: ReceivedEvent) -> None:
    """Answer whoever has asked for the notice."""
    if isinstance(event.payload, NoticeAccepted):
        answer_accepted(event, event.payload)
