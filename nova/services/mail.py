"""Mail: one message to people, by Django's mail backend; a server that is away is told from one that refuses."""

from collections.abc import Sequence
from smtplib import SMTPConnectError, SMTPException, SMTPServerDisconnected

from django.core.mail import send_mail

from events.api import Unavailable


def send(*, subject: str, message: str, to: Sequence[str]) -> None:
    """Send it.

    Raises `Unavailable` while the mail server is away, so that whoever sends waits for it, and what Django raises when
    the server does not want it.
    """
    try:
        send_mail(subject=subject, message=message, from_email=None, recipient_list=list(to))
    except (SMTPConnectError, SMTPServerDisconnected) as error:
        raise Unavailable("the mail server is away") from error
    except SMTPException:
        # It is there and does not want this mail. Its errors are OSErrors too.
        raise
    except OSError as error:
        raise Unavailable("the mail server is away") from error
