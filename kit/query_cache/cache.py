"""Query cache: answers of queries are kept in Redis under tags, until the rows that they are made of change.

    page = cached(lambda: list_users(limit=50), name="users", key=[50], tags=("users",), kind=Page[UserView])

Whoever changes the rows says so by `kit.query_cache.tags.invalidate_after_commit("users")`. An answer is kept with the
versions that its tags had *before* the query was made, and is taken only while they are the same. So rows that were
read before a change and are put there after it are never taken, and once a change is invalidated nobody is answered
from before it. Of an answer that is not there, one computes, and others wait a moment for it.
"""

from collections.abc import Callable
from functools import cache, partial
from hashlib import blake2b
from time import monotonic, sleep
from typing import Any, TypeVar

import msgspec
from django.db import connections

from kit.query_cache.conf import query_cache_conf
from kit.query_cache.connection import cache_connection
from kit.query_cache.entries import Entry, Look
from kit.query_cache.metrics import ANSWERS

WAIT_TIMEOUT = 0.5
"""Most seconds that anybody waits for another one who computes the same answer."""
POLL_INTERVAL = 0.02
AnswerT = TypeVar("AnswerT")


def cached(
    query: Callable[[], AnswerT],
    *,
    name: str,
    key: object,
    tags: tuple[str, ...],
    kind: Any,
    lifetime: int | None = None,
    is_current: Callable[[], bool] = lambda: True,
    using: str = "default",
) -> AnswerT:
    """The query's answer: the one that is kept, or a new one, which is kept for at most `lifetime` seconds.

    `name` is that of the query, in metrics too; `key` is what makes its answers different, as JSON has it; `tags` name
    the rows that it reads, and `kind` is the type that answers are read back as. The query reads what is committed, so
    inside a transaction it is asked without the cache. `is_current` says afterwards whether it has read the primary:
    what a replica answers is not kept. Raises what the query raises, which is not kept either.
    """
    if not cache_connection.is_on or connections[using].in_atomic_block:
        return query()
    entry = Entry(_address(name, key, kind), tags)
    look, outcome = _look(entry)
    if look is not None and look.answer is not None:
        ANSWERS.labels(name, outcome).inc()
        answer: AnswerT = msgspec.msgpack.decode(look.answer, type=kind)
        return answer
    ANSWERS.labels(name, "miss").inc()
    if look is None:
        return query()
    is_kept = False
    try:
        answer = query()
        if is_current():
            keep = partial(entry.keep, look=look, answer=msgspec.msgpack.encode(answer))
            is_kept = bool(cache_connection.ask(partial(keep, lifetime=lifetime or query_cache_conf().lifetime)))
    finally:
        if not is_kept:
            cache_connection.ask(partial(entry.give_up, look=look))
    return answer


def _look(entry: Entry) -> tuple[Look | None, str]:
    """What is there, or is there soon, and what to call that; None while Redis is away."""
    outcome, until = "hit", monotonic() + WAIT_TIMEOUT
    look = cache_connection.ask(entry.look)
    while look is not None and look.answer is None and not look.is_mine and monotonic() < until:
        outcome = "waited"
        sleep(POLL_INTERVAL)
        look = cache_connection.ask(entry.look)
    return look, outcome


def _address(name: str, key: object, kind: Any) -> str:
    text = msgspec.json.encode(key, order="deterministic")
    return f"query:{name}:{blake2b(_shape(kind) + text, digest_size=16).hexdigest()}"


@cache
def _shape(kind: Any) -> bytes:
    """What tells a type from what it was in another release: that one's answers are not read."""
    return blake2b(msgspec.json.encode(msgspec.json.schema(kind), order="sorted"), digest_size=16).digest()
