"""Token cache: a process asks the database for a token once in a few seconds, not for every request.

So a revocation takes effect everywhere within `NOVA_API_TOKEN_CACHE_SECONDS`, which is at most 5.
"""

import time
from datetime import timedelta
from threading import Lock

import structlog
from django.db import OperationalError, connection
from django.db.models import Q
from django.utils import timezone

from nova.conf import nova_conf
from nova.models import ApiToken
from nova.rest.tokens import digest_of

# More live tokens than these are looked up more often; memory stays bounded.
MAX_KNOWN = 4_096
USE_IS_NOTED_EVERY = timedelta(minutes=1)

log = structlog.get_logger(__name__)

_known: dict[bytes, tuple[float, ApiToken]] = {}
_lock = Lock()


def known_token(token: str) -> ApiToken | None:
    """The token's row as it was at most a few seconds ago; None when there is none.

    Tokens that do not exist are not remembered: guessing must not fill the memory.
    """
    digest, now = digest_of(token), time.monotonic()
    remembered = _known.get(digest)
    if remembered is not None and now - remembered[0] < nova_conf().token_cache_seconds:
        return remembered[1]
    row = ApiToken.objects.filter(digest=digest).first()
    with _lock:
        if row is None:
            _known.pop(digest, None)
            return None
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        _known[digest] = (now, row)
    if row.state == "live":
        _note_use(row)
    return row


def is_known(token: str) -> bool:
    """Whether this process has known the token for a live one when it was last used; asks nobody."""
    remembered = _known.get(digest_of(token))
    return remembered is not None and remembered[1].state == "live"


def forget_tokens() -> None:
    """Ask the database anew for every token."""
    with _lock:
        _known.clear()


def _note_use(row: ApiToken) -> None:
    now = timezone.now()
    if row.last_used_at is not None and row.last_used_at > now - USE_IS_NOTED_EVERY:
        return
    # The condition again: of many processes that see an old time at once, one writes.
    unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
    try:
        ApiToken.objects.filter(unnoted, pk=row.pk).update(last_used_at=now)
    except OperationalError as error:
        # A database that only reads must not keep readers out.
        log.warning("the use of a token was not noted", token=row.name, error=str(error))
        connection.close()
