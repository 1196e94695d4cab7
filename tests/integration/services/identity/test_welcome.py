"""Who has completed a profile is welcomed by mail, once."""

from smtplib import SMTPServerDisconnected
from uuid import uuid4

import pytest
from django.core import mail

from events.api import StreamId, Unavailable, execute, get_events
from nova.services.identity.aggregates import CompleteProfile, CreateUser, DeactivateUser
from nova.services.identity.events import UserProfileCompleted
from outbox.api import group_named, take_effect
from outbox.testing import received

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
COMPLETED = UserProfileCompleted(user_id="ann")


@pytest.fixture(autouse=True)
def ann() -> None:
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))


def test_a_profile_is_completed_once() -> None:
    execute("ann", CompleteProfile())
    execute("ann", CompleteProfile())

    types = [event.event_type for event in get_events(StreamId("user", "ann"))]
    assert types == ["user.created", "user.profile_completed"]


def test_one_mail_goes_out_however_often_the_event_comes() -> None:
    completed = received(COMPLETED, event_id=uuid4())
    for _ in range(3):
        take_effect(group_named("identity-service"), [completed])

    assert [(sent.subject, sent.to) for sent in mail.outbox] == [("Welcome to Nova", ["ann@example.org"])]
    assert "Ann" in mail.outbox[0].body


def test_who_has_left_gets_none() -> None:
    execute("ann", DeactivateUser())
    take_effect(group_named("identity-service"), [received(COMPLETED, event_id=uuid4())])

    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise SMTPServerDisconnected

    monkeypatch.setattr("nova.services.mail.EmailMessage", away)

    with pytest.raises(Unavailable, match="the mail server is away"):
        take_effect(group_named("identity-service"), [received(COMPLETED, event_id=uuid4())])
