"""Idempotency keys: an effect outside the database happens once as far as Redis remembers (`processed:{event_id}`).

The inbox cannot know of it: what a handler does outside stays when the transaction is rolled back, and the message
comes again. So each such handler leaves a key for seven days once it is done, and is passed over when it is there.
Redis may be emptied at any time; then it may happen again, and so it may after a crash between effect and key: the
handler must bear that.
"""

import os
from collections.abc import Sequence
from functools import cache
from uuid import UUID

import redis

from outbox.conf import outbox_conf

LIFETIME = 7 * 86_400  # seconds
TIMEOUT = 2.0


def unseen(handler: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those that the handler is not known to be done with. Raises `redis.RedisError`."""
    with _client(outbox_conf().redis_url, os.getpid()).pipeline(transaction=False) as pipeline:
        for event_id in event_ids:
            pipeline.sismember(_key(event_id), handler)
        return {event_id for event_id, done in zip(event_ids, pipeline.execute(), strict=True) if not done}


def remember(handler: str, event_ids: Sequence[UUID]) -> None:
    """Remember that the handler is done with these. Raises `redis.RedisError`."""
    with _client(outbox_conf().redis_url, os.getpid()).pipeline(transaction=True) as pipeline:
        for event_id in event_ids:
            pipeline.sadd(_key(event_id), handler)
            pipeline.expire(_key(event_id), LIFETIME)
        pipeline.execute()


def _key(event_id: UUID) -> str:
    return f"processed:{event_id}"


@cache
def _client(redis_url: str, _pid: int) -> redis.Redis:
    # By process number: connections are not shared across a fork.
    return redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
