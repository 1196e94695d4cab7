"""Mail server: a real SMTP server (aiosmtpd) on a loopback port; it keeps what comes, refuses, hangs up, or is away."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from nova.local.processes.ports import LOOPBACK, free_port

TRY_LATER = "450 4.2.1 the mailbox is busy, try again later"
NO_SUCH_MAILBOX = "550 5.1.1 there is no such mailbox"
HANG_UP = "hang up"


class ReceivedMail(Struct, frozen=True, kw_only=True):
    """A mail that the server has taken."""

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    text: str
    received_at: datetime


class SmtpServer:
    """Listens in a thread of its own from `start` to `stop`, always on the same port; what came stays."""

    def __init__(self) -> None:
        self.host = LOOPBACK
        self.port = free_port()
        self.received: list[ReceivedMail] = []
        self.turned_away: list[str] = []
        """What was said to those whose mail was not taken: one of the replies below, once for each attempt."""
        self._planned: deque[str] = deque()
        self._controller: Controller | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What another process needs in its environment to send mail here."""
        return {"EMAIL_HOST": self.host, "EMAIL_PORT": str(self.port)}

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(_Mailboxes(self), hostname=self.host, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Be away: whoever connects from now on is refused. Nothing happens where it is away already."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def plan(self, *replies: str) -> None:
        """Turn away so many of the next mails, each with its reply: `TRY_LATER`, `NO_SUCH_MAILBOX` or `HANG_UP`."""
        self._planned.extend(replies)

    def next_reply(self) -> str:
        """What is planned for a mail that somebody brings now; empty where it is taken."""
        if not self._planned:
            return ""
        self.turned_away.append(self._planned.popleft())
        return self.turned_away[-1]


class _Mailboxes:
    """What aiosmtpd asks at each step of a delivery."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or do what is planned instead."""
        reply = self._server.next_reply()
        if reply == HANG_UP:
            transport: Any = server.transport
            transport.abort()
            return "421 4.3.2 closing"
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        body = message.get_body()
        self._server.received.append(
            ReceivedMail(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                message_id=str(message["Message-ID"]),
                subject=str(message["Subject"]),
                text=body.get_content() if body else "",
                received_at=datetime.now(UTC),
            )
        )
        return "250 2.0.0 OK"


@pytest.fixture
def smtp_server(settings: Any) -> Iterator[SmtpServer]:
    """A mail server that Nova's settings point at."""
    server = SmtpServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    server.start()
    yield server
    server.stop()
