"""Accounts: whose an e-mail address is. A user is created, or moves to another address, together with its row here.

Streams know nothing of each other, so two users could be given one address at the same moment; the table's constraint
lets one of them have it. An address belongs to the account until the users projection hears that the user is deleted.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import QuerySet
from msgspec import Struct

from events.api import CommandRefused, StreamId, inline_effect
from nova.services.identity.aggregates import USER
from nova.services.identity.events import UserCreated, UserEmailChanged
from nova.services.identity.models import UserAccount
from nova.services.identity.sql.statements import statement


class EmailTaken(CommandRefused):
    """The e-mail address belongs to another account."""

    code = "email_taken"


@inline_effect(USER)
def keep_account(stream: StreamId, payloads: Sequence[Struct], using: str) -> None:
    """Take the address for the user. Raises `EmailTaken`."""
    for payload in payloads:
        match payload:
            case UserCreated(email=email) | UserEmailChanged(new_email=email):
                _take(stream.aggregate_id, email, using)


def close_accounts(user_ids: Collection[str] | QuerySet[Any]) -> None:
    """Let go of the addresses of deleted users, by their ids or a query for them."""
    UserAccount.objects.filter(user_id__in=user_ids).delete()


def _take(user_id: str, email: str, using: str) -> None:
    try:
        # A savepoint, so that an open transaction can go on after the refusal.
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(statement("take_address"), {"user_id": user_id, "address": email.casefold()})
    except IntegrityError as error:
        raise EmailTaken(f"the e-mail address {email} belongs to another account") from error
