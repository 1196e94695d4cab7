"""Handlers of the identity service: users are welcomed and told by mail, and accounts are closed for good."""

from uuid import uuid5

from events.api import CommandRefused, Expected, NewEvent, StreamId, append_events, execute, load_aggregate
from nova.services.identity.aggregates import USER, CloseAccount
from nova.services.identity.events import (
    NoticeAccepted,
    NoticeRequested,
    UserClosed,
    UserClosingRefused,
    UserClosingRequested,
    UserProfileCompleted,
)
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
