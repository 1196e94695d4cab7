"""Idempotency keys: an effect outside the database happens once as far as Redis remembers (`processed:{event_id}`).

The inbox cannot know of it: what a handler does outside stays when the transaction is rolled back, and the message
comes again. So each such handler leaves a key for seven days once it is done, and is passed over when it is there.
Redis may be emptied at any time; then it may happen again, and so it may after a crash between effect and key: the
handler must bear that.
"""

from collections.abc import Sequence
from uuid import UUID

from kit.redis import shared_client
from outbox.conf import outbox_conf

LIFETIME = 7 * 86_400  # seconds
TIMEOUT = 2.0


def unseen(handler: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those that the handler is not known to be done with. Raises `redis.RedisError`."""
    with shared_client(outbox_conf().redis_url, timeout=TIMEOUT).pipeline(transaction=False) as pipeline:
        for event_id in event_ids:
            pipeline.sismember(_key(event_id), handler)
        return {event_id for event_id, done in zip(event_ids, pipeline.execute(), strict=True) if not done}


def remember(handler: str, event_ids: Sequence[UUID]) -> None:
    """Remember that the handler is done with these. Raises `redis.RedisError`."""
    with shared_client(outbox_conf().redis_url, timeout=TIMEOUT).pipeline(transaction=True) as pipeline:
        for event_id in event_ids:
            pipeline.sadd(_key(event_id), handler)
            pipeline.expire(_key(event_id), LIFETIME)
        pipeline.execute()


def _key(event_id: UUID) -> str:
    return f"processed:{event_id}"
