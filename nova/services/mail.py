"""Mail: one message to people, by Django's mail backend; a server that is away is told from one that refuses."""

from collections.abc import Sequence
from email.utils import parseaddr
from smtplib import SMTPConnectError, SMTPException, SMTPServerDisconnected
from uuid import UUID, uuid5

from django.core.mail import EmailMessage

from events.api import Unavailable

NAMESPACE = UUID("0b7a5a0e-3f0c-4d56-9a54-7f1f8a1c9d02")


def send(*, subject: str, message: str, to: Sequence[str], key: str) -> None:
    """Send it.

    `key` names the mail: its Message-ID follows from that (RFC 5322, 3.6.4), so that one which a crash sends twice is
    one mail to whoever receives it.

    Raises `Unavailable` while the mail server is away, so that whoever sends waits for it, and what Django raises when
    the server does not want it.
    """
    try:
        mail = EmailMessage(subject=subject, body=message, to=list(to))
        domain = parseaddr(mail.from_email)[1].rpartition("@")[2]
        mail.extra_headers["Message-ID"] = f"<{uuid5(NAMESPACE, key)}@{domain}>"
        mail.send()
    except (SMTPConnectError, SMTPServerDisconnected) as error:
        raise Unavailable("the mail server is away") from error
    except SMTPException:
        # It is there and does not want this mail. Its errors are OSErrors too.
        raise
    except OSError as error:
        raise Unavailable("the mail server is away") from error
