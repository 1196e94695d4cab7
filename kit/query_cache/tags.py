"""Tag: the name of rows that answers are made of. Its version changes with them, once the change is committed.

A version is a random text, drawn anew whenever Redis has none. So nothing that was kept under an earlier one is ever
taken again, whatever Redis has lost: the tags, the answers, or both.

An invalidation that Redis cannot be told is sent with the next one of the process; until then, what was kept is stale
for its lifetime at most. So it is where a process dies between its commit and its invalidation.
"""

from collections.abc import Sequence
from functools import partial
from threading import Lock
from uuid import uuid4

import redis
from django.db import transaction

from kit.query_cache.connection import cache_connection
from kit.query_cache.metrics import INVALIDATIONS

PREFIX = "query-tag:"
LIFETIME = 86_400
"""Seconds after which a version is forgotten; what was kept under it is not taken any more then."""

_unsent: set[str] = set()
_lock = Lock()


def invalidate_after_commit(*tags: str, using: str = "default") -> None:
    """Forget the answers with these tags once the transaction is committed; at once where there is none.

    For whoever changes the rows. Nothing is forgotten where the transaction is rolled back.
    """
    if tags and cache_connection.is_on:
        transaction.on_commit(partial(invalidate, *tags), using=using, robust=True)


def invalidate(*tags: str) -> None:
    """Forget the answers with these tags now: what they are made of has changed, and that is committed."""
    with _lock:
        due = {*tags, *_unsent}
        _unsent.clear()
    if cache_connection.ask(lambda client: client.delete(*(PREFIX + tag for tag in due))) is None:
        with _lock:
            _unsent.update(due)
        INVALIDATIONS.labels("unsent").inc(len(tags))
    else:
        INVALIDATIONS.labels("sent").inc(len(due))


def versions_of(client: redis.Redis, tags: Sequence[str], found: Sequence[bytes | None]) -> list[bytes]:
    """The versions of the tags, of which some were found, and others are drawn. Raises `redis.RedisError`."""
    missing = {tag: uuid4().hex.encode() for tag, version in zip(tags, found, strict=True) if version is None}
    if not missing:
        return [version for version in found if version is not None]
    pipeline = client.pipeline(transaction=False)
    for tag, version in missing.items():
        # Another reader may have drawn one meanwhile: that one holds for both.
        pipeline.set(PREFIX + tag, version, nx=True, get=True, ex=LIFETIME)
    drawn = {tag: other or missing[tag] for tag, other in zip(missing, pipeline.execute(), strict=True)}
    return [version or drawn[tag] for tag, version in zip(tags, found, strict=True)]
