"""Notices: another service asks to tell a user something by mail, and is answered once it is sent or cannot be.

    user.notice_requested ─▶ accepted ─▶ sent
                  └───────────┴────────▶ refused

Each notice is a stream of its own, which remembers what has become of it. It is accepted once, however often it is
asked for, so that one event stands for its mail; asked for again under another id, it is answered again.
"""

from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused
from uuid import UUID, uuid5

from msgspec import Struct, structs

from events.api import Expected, NewEvent, StreamId, append_events, get_events, load_aggregate
from nova.services.identity.aggregates import USER, User
from nova.services.identity.events import (
    NoticeAccepted,
    NoticeRefusal,
    NoticeRefused,
    NoticeRequested,
    NoticeSent,
)
from nova.services.mail import send
from outbox.api import ReceivedEvent

STREAM = "notice"
PERMANENT = 500  # SMTP's replies from here on will not change by themselves (RFC 5321, 4.2.1)

Answer = NoticeSent | NoticeRefused


def what_follows(asked: NoticeRequested, earlier: Sequence[Struct], user: User) -> NoticeAccepted | Answer | None:
    """What a request brings about, after what has become of its notice before; None while its answer is under way."""
    if earlier:
        return answer_among(earlier)
    return why_not(asked, user) or NoticeAccepted(**structs.asdict(asked))


def answer_among(earlier: Sequence[Struct]) -> Answer | None:
    """The first answer."""
    return next((one for one in earlier if isinstance(one, Answer)), None)


def why_not(notice: NoticeRequested | NoticeAccepted, user: User) -> NoticeRefused | None:
    """Why the user cannot be told; None for one who can be."""
    if user.status == "none":
        return _refused(notice, "user_unknown", "there is no such user")
    if user.status != "active":
        return _refused(notice, "user_not_active", f"the user is {user.status}")
    return None if user.email else _refused(notice, "address_refused", "the user has no address")


def take_request(event: ReceivedEvent, asked: NoticeRequested) -> None:
    """Accept a notice, refuse it, or answer again."""
    earlier = _earlier(asked.notice_id)
    if follows := what_follows(asked, earlier, _user(asked.user_id)):
        # Where two accept one notice at the same time, the second fails, comes again, and finds it accepted.
        _append(follows, event, Expected.STREAM_EXISTS if earlier else Expected.NO_STREAM, cause=event.event_id)


def send_accepted(event: ReceivedEvent, notice: NoticeAccepted) -> None:
    """Send the mail. It may be sent again after a crash, under the same Message-ID.

    Raises `Unavailable` while the mail server is away.
    """
    user = _user(notice.user_id)
    if answer_among(_earlier(notice.notice_id)) or why_not(notice, user):
        return
    try:
        send(subject=notice.subject, message=notice.message, to=[user.email], key=f"notice/{notice.notice_id}")
    except SMTPRecipientsRefused as error:
        if any(code < PERMANENT for code, _ in error.recipients.values()):
            raise
        _answer(event, _refused(notice, "address_refused", "the mail server does not take mail for the address"))


def answer_accepted(event: ReceivedEvent, notice: NoticeAccepted) -> None:
    """Answer once the mail is sent, unless it was refused on the way."""
    if not answer_among(_earlier(notice.notice_id)):
        sent = NoticeSent(user_id=notice.user_id, notice_id=notice.notice_id, reference=notice.reference)
        _answer(event, why_not(notice, _user(notice.user_id)) or sent)


def _answer(event: ReceivedEvent, answer: Answer) -> None:
    """Answer an accepted notice: to whoever has asked, not to what has accepted it."""
    _append(answer, event, Expected.STREAM_EXISTS, cause=event.causation_id)


def _append(payload: NoticeAccepted | Answer, event: ReceivedEvent, expected: Expected, *, cause: UUID | None) -> None:
    new = NewEvent(payload=payload, event_id=uuid5(event.event_id, STREAM), causation_id=cause)
    append_events(StreamId(STREAM, payload.notice_id), expected, [new])


def _earlier(notice_id: str) -> list[Struct]:
    # Accepted and answered: what comes behind says the same again.
    return [event.payload for event in get_events(StreamId(STREAM, notice_id), limit=2)]


def _user(user_id: str) -> User:
    user: User = load_aggregate(USER, user_id).state
    return user


def _refused(notice: NoticeRequested | NoticeAccepted, code: NoticeRefusal, reason: str) -> NoticeRefused:
    return NoticeRefused(
        user_id=notice.user_id, notice_id=notice.notice_id, reference=notice.reference, code=code, reason=reason
    )
