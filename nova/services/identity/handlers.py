"""Handlers of the identity service: who has completed a profile is welcomed by mail; accounts are closed for good."""

from uuid import uuid5

from events.api import CommandRefused, Expected, NewEvent, StreamId, append_events, execute, load_aggregate
from nova.services.identity.aggregates import USER, CloseAccount
from nova.services.identity.events import UserClosed, UserClosingRefused, UserClosingRequested, UserProfileCompleted
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


@handles(UserClosingRequested, group=SERVICE.name)
def close_account(event: ReceivedEvent) -> None:
    """Close the account and say so, or say why not: whether the wish was withdrawn before, the account alone knows."""
    asked = event.payload
    if not isinstance(asked, UserClosingRequested):
        return
    answer: UserClosed | UserClosingRefused
    try:
        command = CloseAccount(deletion_id=asked.deletion_id)
        execute(asked.user_id, command, command_id=uuid5(event.event_id, "close"))
        answer = UserClosed(user_id=asked.user_id, deletion_id=asked.deletion_id)
    except CommandRefused as refusal:
        answer = UserClosingRefused(
            user_id=asked.user_id, deletion_id=asked.deletion_id, code=refusal.code, reason=str(refusal)[:255]
        )
    new = NewEvent(payload=answer, event_id=uuid5(event.event_id, "answer"))
    append_events(StreamId("account_deletion", asked.deletion_id), Expected.ANY, [new])
