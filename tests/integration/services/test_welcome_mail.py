"""The welcome mail comes to a real mail server once, whatever that says before it takes it (A2)."""

import smtplib
from typing import Any
from uuid import uuid4

import pytest

from events.api import execute
from nova.services.identity.aggregates import CompleteProfile, CreateUser
from outbox.api import group_named, relay_runner
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter, InboxEntry
from tests.support.mail import HANG_UP, NO_SUCH_MAILBOX, TRY_LATER, SmtpServer
from tests.support.outbox import eventually, headers_of, hosted, produce, read_topic

pytestmark = pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix")


@pytest.fixture(autouse=True)
def ann(recording: None, redis_url: str, kafka: Any, prefix: str) -> None:
    """She has completed her profile, and nobody has heard of it yet."""
    execute("ann", CreateUser(email="ann@example.org", name="Ann"))
    execute("ann", CompleteProfile())


def test_however_often_the_event_comes_one_mail_does(smtp_server: SmtpServer, kafka_brokers: str, prefix: str) -> None:
    topic = f"{prefix}.user.events"
    with hosted(relay_runner(), consumer_runner(group_named("identity-service"))):
        eventually(lambda: smtp_server.received)
        completed = read_topic(kafka_brokers, topic, at_least=2)[-1]
        same = (completed.key(), completed.value(), headers_of(completed))
        other = (completed.key(), completed.value(), headers_of(completed) | {"event_id": str(uuid4()).encode()})
        produce(kafka_brokers, topic, same, same, other)
        # The other one is behind the repetitions: when its mail is here, they are passed over.
        eventually(lambda: len(smtp_server.received) == 2)

    first, second = smtp_server.received
    assert (first.sender, first.recipients) == ("nova@localhost", ("ann@example.org",))
    assert (first.subject, first.text.strip()) == ("Welcome to Nova", "Welcome, Ann. Your profile is complete.")
    # The other event tells of the same: it is the same mail to the receiver.
    assert first.message_id == second.message_id
    assert InboxEntry.objects.filter(consumer="identity-service").count() == 2


def test_a_mail_server_that_is_away_is_waited_for(smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Any] = []
    connect = smtplib.SMTP.connect

    def counted(client: smtplib.SMTP, *address: Any, **options: Any) -> Any:
        tries.append(address)
        return connect(client, *address, **options)

    monkeypatch.setattr(smtplib.SMTP, "connect", counted)
    smtp_server.stop()

    with hosted(relay_runner(), consumer_runner(group_named("identity-service"))):
        # More often than a message that fails is tried: it is nobody's fault.
        eventually(lambda: len(tries) > 4)
        assert not InboxEntry.objects.filter(consumer="identity-service").exists()
        smtp_server.start()
        eventually(lambda: smtp_server.received)
        eventually(lambda: InboxEntry.objects.filter(consumer="identity-service").exists())

    assert len(smtp_server.received) == 1
    assert not DeadLetter.objects.exists()


def test_a_mailbox_that_is_not_there_makes_a_dead_letter_that_says_so(smtp_server: SmtpServer) -> None:
    # More often than it is tried.
    smtp_server.plan(*[NO_SUCH_MAILBOX] * 20)

    with hosted(relay_runner(), consumer_runner(group_named("identity-service"))):
        dead_letter = eventually(DeadLetter.objects.first)

    assert dead_letter.event_type == "user.profile_completed"
    assert "550" in dead_letter.message
    assert "there is no such mailbox" in dead_letter.message
    assert smtp_server.received == []


@pytest.mark.parametrize("reply", [TRY_LATER, HANG_UP])
def test_a_server_that_is_busy_or_hangs_up_is_tried_again(smtp_server: SmtpServer, reply: str) -> None:
    smtp_server.plan(reply, reply)

    with hosted(relay_runner(), consumer_runner(group_named("identity-service"))):
        eventually(lambda: smtp_server.received)
        eventually(lambda: InboxEntry.objects.filter(consumer="identity-service").exists())

    assert smtp_server.turned_away == [reply, reply]
    assert len(smtp_server.received) == 1
    assert not DeadLetter.objects.exists()
