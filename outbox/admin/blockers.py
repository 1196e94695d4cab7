"""Blockers: what holds a dead letter back, the first of its key that somebody has to deal with."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from outbox.dead_letters.key_order import UNDECIDED
from outbox.exceptions import KeyBlocked
from outbox.models import DeadLetter

PARKED = f"{KeyBlocked.__module__}.{KeyBlocked.__qualname__}"
"""The exception of a dead letter that was parked behind another one."""


def find_blockers(dead_letters: Iterable[Any]) -> None:
    """Give each dead letter `blocked_by`: of a parked one, the number of the one that its key waits for, or None.

    A query for each partition, which may have very many dead letters.
    """
    parked = defaultdict(list)
    for dead_letter in dead_letters:
        dead_letter.blocked_by = None
        if dead_letter.exception == PARKED:
            parked[dead_letter.consumer, dead_letter.topic, dead_letter.partition].append(dead_letter)
    for (consumer, topic, partition), waiting in parked.items():
        undecided = DeadLetter.objects.filter(
            consumer=consumer,
            topic=topic,
            partition=partition,
            key__in={bytes(dead_letter.key) for dead_letter in waiting},
            status__in=UNDECIDED,
        )
        first = undecided.order_by("key", "offset", "pk").distinct("key").values_list("key", "offset", "pk")
        blockers = {bytes(key): (offset, number) for key, offset, number in first if key is not None}
        for dead_letter in waiting:
            offset, number = blockers.get(bytes(dead_letter.key), (dead_letter.offset, None))
            if offset < dead_letter.offset:
                dead_letter.blocked_by = number
