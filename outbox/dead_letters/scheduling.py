"""Scheduling of retries: dead letters of one key come in their order, whichever operations they are in.

On blocking topics an operation also enqueues what is parked behind its dead letters, until the key is free; and it
leaves alone what stands behind one that nobody has asked for. A pause or a drain of the group holds its dead letters.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from outbox.bus.topic_patterns import includes
from outbox.conf import outbox_conf
from outbox.dead_letters.key_order import key_order_of, lock_key_order, undecided_before, undecided_of_key
from outbox.models import ConsumerControl, DeadLetter, DeadLetterOperation, OperationItem

# Rows of items written in one statement.
CHUNK_SIZE = 5_000
# Items that are looked at before all are.
FIRST_CHUNK = 100
# Parked dead letters enqueued at once: whoever parks another one of the key waits for it.
MAX_PARKED = 1_000


def enqueue(operation: DeadLetterOperation, selected: QuerySet[DeadLetter], *, limit: int | None = None) -> int:
    """Write down what the operation has to do, in order; how much. The dead letters are locked until the commit."""
    # An edited copy has the place of its original, and so comes where that would have come.
    in_order = selected.select_for_update(of=("self",)).order_by("topic", "partition", "offset", "id")[:limit]
    fields = in_order.values_list("id", "consumer", "topic", "key")
    is_retry = operation.verb == DeadLetterOperation.Verb.RETRY
    items = (
        OperationItem(operation=operation, dead_letter_id=dead_letter_id, key_order=key_order)
        for dead_letter_id, key_order in _key_orders(fields.iterator(chunk_size=CHUNK_SIZE), ordered=is_retry)
    )
    enqueued = 0
    while chunk := list(islice(items, CHUNK_SIZE)):
        OperationItem.objects.bulk_create(chunk)
        if is_retry:
            retried = DeadLetter.objects.filter(pk__in=[item.dead_letter_id for item in chunk])
            retried.update(status=DeadLetter.Status.RETRYING, archived_at=None)
        enqueued += len(chunk)
    return enqueued


def next_item(operation: DeadLetterOperation) -> OperationItem | None:
    """The first of a retry's items whose turn it is; None when there is none, or all have to wait."""
    before = undecided_before("dead_letter").filter(status=DeadLetter.Status.RETRYING)
    decision = ConsumerControl.objects.filter(
        Q(topic="") | Q(topic=OuterRef("dead_letter__topic")),
        Q(partition=None) | Q(partition=OuterRef("dead_letter__partition")),
        consumer=OuterRef("dead_letter__consumer"),
    )
    pending = operation.items.filter(state=OperationItem.State.PENDING).order_by("id")
    possible = pending.filter(~Exists(before), ~Exists(decision))
    # Mostly it is one of the first, and then the many behind them are not looked at.
    return possible.filter(pk__in=pending.values("pk")[:FIRST_CHUNK]).first() or possible.first()


def is_blocked(dead_letter: DeadLetter) -> bool:
    """Whether its topic is a blocking one and an earlier one of its key is open."""
    if not _is_blocking(dead_letter):
        return False
    return undecided_of_key(dead_letter).filter(offset__lt=dead_letter.offset).exists()


def block_key(item: OperationItem) -> int:
    """Leave what is pending of this one's key as it is, for the order would be lost; how many."""
    if item.key_order is None:
        return 0
    pending = OperationItem.objects.filter(
        key_order=item.key_order, operation_id=item.operation_id, state=OperationItem.State.PENDING
    )
    waiting = DeadLetter.objects.filter(pk__in=pending.values("dead_letter_id"), status=DeadLetter.Status.RETRYING)
    waiting.update(status=DeadLetter.Status.OPEN)
    return pending.update(state=OperationItem.State.BLOCKED)


def enqueue_parked(operation: DeadLetterOperation, handled: DeadLetter) -> int:
    """Enqueue what is parked behind a dead letter that was just handled; how many."""
    key_order = key_order_of(handled.consumer, handled.topic, handled.key)
    if key_order is None or not _is_blocking(handled):
        return 0
    # Who parks a message looks and writes while sharing the key order: it is seen here, or sees that the key is free.
    lock_key_order(key_order)
    behind = undecided_of_key(handled).filter(offset__gt=handled.offset)
    following = behind.first()
    if following is None or following.status == DeadLetter.Status.RETRYING:
        return 0
    return enqueue(operation, behind.filter(status=DeadLetter.Status.OPEN), limit=MAX_PARKED)


def release(operation: DeadLetterOperation, state: OperationItem.State) -> None:
    """Give back the dead letters whose turn has not come."""
    waiting = operation.items.filter(state=OperationItem.State.PENDING)
    if operation.verb == DeadLetterOperation.Verb.RETRY:
        given_back = DeadLetter.objects.filter(
            pk__in=waiting.values("dead_letter_id"), status=DeadLetter.Status.RETRYING
        )
        given_back.update(status=DeadLetter.Status.OPEN)
    waiting.update(state=state)


def _is_blocking(dead_letter: DeadLetter) -> bool:
    return dead_letter.key is not None and includes(outbox_conf().blocking_topics, dead_letter.topic)


def _key_orders(rows: Iterator[tuple[Any, ...]], *, ordered: bool) -> Iterator[tuple[int, str | None]]:
    for dead_letter_id, consumer, topic, key in rows:
        yield dead_letter_id, key_order_of(consumer, topic, key) if ordered else None
