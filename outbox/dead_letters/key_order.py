"""Key order: dead letters of one key that a group got from one partition are dealt with in the order they came in."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import MD5

from outbox.models import DeadLetter
from outbox.sql.statements import statement

UNDECIDED = (DeadLetter.Status.OPEN, DeadLetter.Status.RETRYING)
# Of the advisory locks of key orders; others have their own.
NAMESPACE = 0x4E4C4C4E


def key_order_of(consumer: str, topic: str, key: bytes | memoryview | None) -> str | None:
    """The same for messages whose order a group relies on; None where there is no order."""
    if key is None:
        return None
    return sha256(f"{consumer}/{topic}/".encode() + bytes(key)).hexdigest()[:32]


def undecided_of_key(dead_letter: DeadLetter) -> QuerySet[DeadLetter]:
    """The dead letters of this one's key that nobody has dealt with, in their order; it has a key."""
    key = Value(bytes(dead_letter.key or b""))
    undecided = _undecided(dead_letter.consumer, dead_letter.topic, dead_letter.partition, key)
    return undecided.order_by("offset", "id")


def undecided_before(outer: str) -> QuerySet[DeadLetter]:
    """For a subquery: those that stand before a dead letter of the outer query, which it knows by this name."""
    place = (OuterRef(f"{outer}__{name}") for name in ("consumer", "topic", "partition", "key"))
    return _undecided(*place).filter(offset__lt=OuterRef(f"{outer}__offset"))


def lock_key_order(key_order: str) -> None:
    """Let nothing be parked in the key order, and nothing decided about it, before the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(statement("lock_key_order"), {"namespace": NAMESPACE, "key_order": key_order})


def share_key_orders(key_orders: Iterable[str]) -> None:
    """Let nobody keep one of these key orders to himself before the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(statement("share_key_orders"), {"namespace": NAMESPACE, "key_orders": list(key_orders)})


def _undecided(consumer: Any, topic: Any, partition: Any, key: Any) -> QuerySet[DeadLetter]:
    # The index has a digest of the key, which may be longer than an index takes.
    return DeadLetter.objects.alias(digest=MD5("key")).filter(
        consumer=consumer, topic=topic, partition=partition, digest=MD5(key), key=key, status__in=UNDECIDED
    )
