"""Which dead letters have an order among each other? Those of one key that a group got from one partition: a lane."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import MD5

from outbox.models import DeadLetter
from outbox.sql.statements import statement

UNDECIDED = (DeadLetter.Status.OPEN, DeadLetter.Status.RETRYING)
# Of the advisory locks of lanes; others have their own.
NAMESPACE = 0x4E4C4C4E


def key_order_of(consumer: str, topic: str, key: bytes | memoryview | None) -> str | None:
    """The same for messages whose order a group relies on; None where there is no order."""
    if key is None:
        return None
    return sha256(f"{consumer}/{topic}/".encode() + bytes(key)).hexdigest()[:32]


def undecided_of_key(letter: DeadLetter) -> QuerySet[DeadLetter]:
    """The letters of this one's lane that nobody has dealt with, in their order; it has a key."""
    key = Value(bytes(letter.key or b""))
    return _undecided(letter.consumer, letter.topic, letter.partition, key).order_by("offset", "id")


def undecided_before(outer: str) -> QuerySet[DeadLetter]:
    """For a subquery: those that stand before a letter of the outer query, which it knows by this name."""
    place = (OuterRef(f"{outer}__{name}") for name in ("consumer", "topic", "partition", "key"))
    return _undecided(*place).filter(offset__lt=OuterRef(f"{outer}__offset"))


def lock_key_order(lane: str) -> None:
    """Let nothing be parked in the lane, and nothing decided about it, before the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(statement("lock_key_order"), {"namespace": NAMESPACE, "lane": lane})


def share_key_orders(lanes: Iterable[str]) -> None:
    """Let nobody keep one of these lanes before the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(statement("share_key_orders"), {"namespace": NAMESPACE, "lanes": list(lanes)})


def _undecided(consumer: Any, topic: Any, partition: Any, key: Any) -> QuerySet[DeadLetter]:
    # The index has a digest of the key, which may be longer than an index takes.
    return DeadLetter.objects.alias(digest=MD5("key")).filter(
        consumer=consumer, topic=topic, partition=partition, digest=MD5(key), key=key, status__in=UNDECIDED
    )
