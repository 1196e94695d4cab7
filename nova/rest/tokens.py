"""API tokens: created and revoked. The token is random; the database keeps its SHA-256 digest only.

A random token of 256 bits needs no salt and no slow hash: nothing shorter than trying all of them finds it.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from nova.exceptions import TokenNotFound, UnknownScope
from nova.models import ApiToken

PREFIX = "nova_"
TOKEN = re.compile(r"nova_[A-Za-z0-9_-]{43}")
SCOPES = {
    "events:append": "append events to any stream",
    "events:read": "read streams, the log and the states of aggregates",
    "commands:execute": "give commands to aggregates",
    "read-models:read": "query read models",
    "messages:search": "find messages of any conversation by their words",
    "outbox:read": "see outbox rows, dead letters and operations on them",
    "outbox:operate": "retry, edit, reroute, discard and archive them",
    "sagas:read": "see sagas and their history",
    "sagas:operate": "retry, skip, edit, compensate, resume and give up sagas",
    "operate": "retry, pause, resume, skip, release, reset, rebuild; describe, archive and close streams",
}


def digest_of(token: str) -> bytes:
    """What the database knows a token by."""
    return hashlib.sha256(token.encode()).digest()


def create_token(
    name: str,
    *,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    created_by: Any = None,
) -> tuple[str, ApiToken]:
    """A new token and its row. Nobody can be told the token a second time.

    Raises:
        UnknownScope: one of the scopes does not exist.
    """
    check_scopes(scopes)
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        name=name,
        digest=digest_of(token),
        hint=token[:9],
        scopes=sorted(scopes),
        expires_at=expires_at,
        created_by=created_by,
    )
    return token, row


def check_scopes(scopes: Collection[str]) -> None:
    """Raise `UnknownScope` unless all of them exist."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise UnknownScope(unknown, SCOPES)


def revoke_tokens(*, name: str | None = None, token_id: int | None = None) -> list[ApiToken]:
    """Revoke the live token of that number, or all live ones of that name; processes notice within seconds.

    Raises:
        TokenNotFound: there is none.
    """
    wanted = Q(pk=token_id) if name is None else Q(name=name)
    tokens = list(ApiToken.objects.live().filter(wanted))
    if not tokens:
        raise TokenNotFound(name or str(token_id))
    ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).update(revoked_at=timezone.now())
    return tokens
