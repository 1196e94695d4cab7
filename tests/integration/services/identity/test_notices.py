"""Others have users told something by mail: each notice once, each request answered (A9)."""

from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from msgspec import structs

from events.api import RecordedEvent, StreamId, Unavailable, execute, get_events
from nova.services.identity.aggregates import CreateUser, DeactivateUser
from nova.services.identity.events import NoticeAccepted, NoticeRefused, NoticeRequested, NoticeSent
from outbox.api import group_named, take_effect
from outbox.models import InboxEntry
from outbox.testing import received

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
ASKED = NoticeRequested(user_id="ann", notice_id="n", reference="o", subject="News", message="It is on its way.")
ACCEPTED = NoticeAccepted(**structs.asdict(ASKED))
SENT = NoticeSent(user_id="ann", notice_id="n", reference="o")


@pytest.fixture(autouse=True)
def ann() -> None:
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))


def notice() -> list[RecordedEvent]:
    """What has become of the notice."""
    return list(get_events(StreamId("notice", "n")))


def take(*events: Any, again: bool = False) -> None:
    take_effect(group_named("identity-service"), list(events), again=again)


def ask() -> UUID:
    """Ask for it; the id of the request."""
    request = received(ASKED, event_id=uuid4())
    take(request)
    return request.event_id


def accepted() -> Any:
    """The event of its acceptance, as the bus brings it."""
    (event,) = [one for one in notice() if isinstance(one.payload, NoticeAccepted)]
    return received(event.payload, event_id=event.event_id, causation_id=event.causation_id)


def test_a_notice_is_sent_and_answered_to_whoever_asked() -> None:
    request_id = ask()
    assert mail.outbox == []
    take(accepted())

    assert [(sent.subject, sent.to, sent.body) for sent in mail.outbox] == [
        ("News", ["ann@example.org"], "It is on its way.")
    ]
    answer = notice()[-1]
    assert (answer.payload, answer.causation_id) == (SENT, request_id)
    assert answer.source_service == "identity-service"


def test_asked_for_again_it_is_answered_again_without_a_second_mail() -> None:
    ask()
    ask()  # Its answer is under way.
    take(accepted())
    third = ask()

    assert len(mail.outbox) == 1
    assert [one.payload for one in notice()] == [ACCEPTED, SENT, SENT]
    assert notice()[-1].causation_id == third


def test_an_answer_that_was_rolled_back_is_given_without_a_second_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("nova.services.identity.handlers.answer_accepted", fail)
        with pytest.raises(RuntimeError):
            take(accepted())
    assert [one.payload for one in notice()] == [ACCEPTED]
    take(accepted())

    assert len(mail.outbox) == 1
    assert notice()[-1].payload == SENT


def test_nothing_is_sent_again_when_inbox_and_redis_have_forgotten() -> None:
    ask()
    take(accepted())
    InboxEntry.objects.all().delete()
    take(accepted(), again=True)

    assert len(mail.outbox) == 1
    assert [one.payload for one in notice()] == [ACCEPTED, SENT]


def test_a_mail_that_a_crash_sends_twice_is_one_to_the_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        # Between the mail and the key in Redis that remembers it.
        patched.setattr("outbox.handling.idempotency_keys.remember", crash)
        with pytest.raises(RuntimeError):
            take(accepted())
    take(accepted())

    first, second = (sent.message()["Message-ID"] for sent in mail.outbox)
    assert first == second


def test_who_is_unknown_or_has_left_is_not_told_and_that_is_an_answer() -> None:
    execute("ann", DeactivateUser())
    ask()
    take(received(structs.replace(ASKED, notice_id="m", user_id="eve"), event_id=uuid4()))

    (left,) = notice()
    (unknown,) = get_events(StreamId("notice", "m"))
    assert (left.payload.code, unknown.payload.code) == ("user_not_active", "user_unknown")  # type: ignore[attr-defined]
    assert mail.outbox == []


def test_who_leaves_before_the_mail_goes_out_gets_none() -> None:
    ask()
    execute("ann", DeactivateUser())
    take(accepted())

    assert isinstance(notice()[-1].payload, NoticeRefused)
    assert mail.outbox == []


def test_an_address_that_the_mail_server_does_not_take_is_refused_and_one_that_is_busy_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask()

    def mailbox(code: int) -> None:
        def fail(**_: Any) -> None:
            raise SMTPRecipientsRefused({"ann@example.org": (code, b"no")})

        monkeypatch.setattr("nova.services.mail.EmailMessage", fail)

    mailbox(450)
    with pytest.raises(SMTPRecipientsRefused):
        take(accepted())
    assert notice()[-1].payload == ACCEPTED

    mailbox(550)
    take(accepted())
    assert [one.event_type for one in notice()] == ["user.notice_accepted", "user.notice_refused"]
    assert notice()[-1].payload.code == "address_refused"  # type: ignore[attr-defined]


def test_a_mail_server_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()

    def away(**_: Any) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr("nova.services.mail.EmailMessage", away)
        with pytest.raises(Unavailable, match="the mail server is away"):
            take(accepted())
    take(accepted())

    assert len(mail.outbox) == 1
    assert notice()[-1].payload == SENT
