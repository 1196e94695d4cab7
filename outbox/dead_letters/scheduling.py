"""Which letter of a retry comes next? Those of a lane in their order, whichever operations they are in.

On blocking topics an operation also takes in what is parked behind its letters, until the key is free; and it leaves
alone what stands behind a letter that nobody has asked for. A pause or a drain of the group holds its letters too.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from outbox.conf import outbox_conf
from outbox.dead_letters.blocking import is_blocking
from outbox.dead_letters.key_order import key_order_of, lock_key_order, undecided_before, undecided_of_key
from outbox.models import ConsumerControl, DeadLetter, DeadLetterOperation, OperationItem

# Rows of items written in one statement.
CHUNK = 5_000
# Items that are looked at before all are.
FIRST = 100
# Most parked letters taken in at once: whoever parks another one of the key waits for it.
PARKED = 1_000


def enqueue(operation: DeadLetterOperation, meant: QuerySet[DeadLetter], *, most: int | None = None) -> int:
    """Write down what the operation has to do, in order; how many letters. They are locked until the commit."""
    # An edited copy has the place of its original, and so comes where that would have come.
    in_order = meant.select_for_update(of=("self",)).order_by("topic", "partition", "offset", "id")[:most]
    fields = in_order.values_list("id", "consumer", "topic", "key")
    is_retry = operation.verb == DeadLetterOperation.Verb.RETRY
    items = (
        OperationItem(operation=operation, dead_letter_id=dead_letter_id, key_order=lane)
        for dead_letter_id, lane in _key_orders(fields.iterator(chunk_size=CHUNK), ordered=is_retry)
    )
    taken = 0
    while chunk := list(islice(items, CHUNK)):
        OperationItem.objects.bulk_create(chunk)
        if is_retry:
            asked = DeadLetter.objects.filter(pk__in=[item.dead_letter_id for item in chunk])
            asked.update(status=DeadLetter.Status.RETRYING, archived_at=None)
        taken += len(chunk)
    return taken


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
    return possible.filter(pk__in=pending.values("pk")[:FIRST]).first() or possible.first()


def is_blocked(letter: DeadLetter) -> bool:
    """Whether its topic is a blocking one and an earlier letter of its lane is open."""
    if not _is_blocking(letter):
        return False
    return undecided_of_key(letter).filter(offset__lt=letter.offset).exists()


def block_key(item: OperationItem) -> int:
    """Leave the pending letters of this one's lane as they are, for their order would be lost; how many."""
    if item.key_order is None:
        return 0
    held = OperationItem.objects.filter(
        key_order=item.key_order, operation_id=item.operation_id, state=OperationItem.State.PENDING
    )
    waiting = DeadLetter.objects.filter(pk__in=held.values("dead_letter_id"), status=DeadLetter.Status.RETRYING)
    waiting.update(status=DeadLetter.Status.OPEN)
    return held.update(state=OperationItem.State.BLOCKED)


def enqueue_parked(operation: DeadLetterOperation, handled: DeadLetter) -> int:
    """Take in what is parked behind a letter that was just handled; how many letters, none where nothing is parked."""
    lane = key_order_of(handled.consumer, handled.topic, handled.key)
    if lane is None or not _is_blocking(handled):
        return 0
    # Who parks a message looks and writes while sharing the lane: it is seen here, or sees that the key is free.
    lock_key_order(lane)
    behind = undecided_of_key(handled).filter(offset__gt=handled.offset)
    following = behind.first()
    if following is None or following.status == DeadLetter.Status.RETRYING:
        return 0
    return enqueue(operation, behind.filter(status=DeadLetter.Status.OPEN), most=PARKED)


def release(operation: DeadLetterOperation, state: OperationItem.State) -> None:
    """Give back the letters whose turn has not come."""
    waiting = operation.items.filter(state=OperationItem.State.PENDING)
    if operation.verb == DeadLetterOperation.Verb.RETRY:
        given_back = DeadLetter.objects.filter(
            pk__in=waiting.values("dead_letter_id"), status=DeadLetter.Status.RETRYING
        )
        given_back.update(status=DeadLetter.Status.OPEN)
    waiting.update(state=state)


def _is_blocking(letter: DeadLetter) -> bool:
    return letter.key is not None and is_blocking(letter.topic, outbox_conf().blocking_topics)


def _key_orders(rows: Iterator[tuple[Any, ...]], *, ordered: bool) -> Iterator[tuple[int, str | None]]:
    for dead_letter_id, consumer, topic, key in rows:
        yield dead_letter_id, key_order_of(consumer, topic, key) if ordered else None
