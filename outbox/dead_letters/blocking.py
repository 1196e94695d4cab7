"""Blocking topics: there, a dead letter holds back its key until an operator has dealt with it.

Later messages of the key become dead letters themselves, in their order, and are retried behind the first one:
a retry of that goes on with them, and they are not handled before it. Elsewhere they go on.
"""

from collections.abc import Sequence

from outbox.bus.base import IncomingMessage
from outbox.dead_letters.key_order import UNDECIDED, key_order_of, share_key_orders
from outbox.models import DeadLetter


def blocked_keys(consumer: str, messages: Sequence[IncomingMessage]) -> set[bytes | None]:
    """The keys of these messages, all of one partition, that a dead letter holds back. No key is never held back."""
    keys = {message.key for message in messages if message.key is not None}
    if not keys:
        return set()
    found = DeadLetter.objects.filter(
        consumer=consumer,
        topic=messages[0].topic,
        partition=messages[0].partition,
        key__in=keys,
        status__in=UNDECIDED,
    )
    return {bytes(key) for key in found.values_list("key", flat=True).distinct() if key is not None}


def keys_to_park(consumer: str, messages: Sequence[IncomingMessage]) -> set[bytes | None]:
    """`blocked_keys`, none of which becomes free before the caller's transaction has parked its messages."""
    blocked = blocked_keys(consumer, messages)
    key_orders = (key_order_of(consumer, messages[0].topic, key) for key in blocked)
    share_key_orders([key_order for key_order in key_orders if key_order])
    # Again, for a retry may have dealt with the last letter of a key meanwhile.
    return blocked_keys(consumer, messages)
