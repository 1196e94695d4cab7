"""What holds a row or a letter back? The first one of its key that an operator or a worker has to deal with."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from outbox.conf import outbox_conf
from outbox.dead_letters.key_order import UNDECIDED
from outbox.exceptions import KeyBlocked
from outbox.models import DeadLetter, OutboxEvent
from outbox.relay.topic_policies import TopicPolicies

PARKED = f"{KeyBlocked.__module__}.{KeyBlocked.__qualname__}"
"""What a letter says that was parked behind another one."""


def with_holder(rows: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
    """Rows with `held_by`: the number of the row that the relay does not publish this one before, or None."""
    going_on = TopicPolicies.of_settings(outbox_conf()).topics_that_go_on()
    holder = (
        OutboxEvent.objects.stuck()
        .filter(
            # As in pending.sql.
            Q(dead_at__isnull=False) & ~Q(topic__in=going_on) | Q(next_attempt_at__gt=Now()),
            topic=OuterRef("topic"),
            partition_key=OuterRef("partition_key"),
            position__lt=OuterRef("position"),
        )
        .order_by("position")
    )
    stands = Q(published=False, discarded_at=None, dead_at=None)
    return rows.annotate(held_by=Case(When(stands, then=Subquery(holder.values("pk")[:1]))))


def find_blockers(letters: Iterable[Any]) -> None:
    """Give each letter `blocked_by`: of one that was parked, the number of the letter that its key waits for, or None.

    A query for each partition, which may have very many letters.
    """
    parked = defaultdict(list)
    for letter in letters:
        letter.blocked_by = None
        if letter.exception == PARKED:
            parked[letter.consumer, letter.topic, letter.partition].append(letter)
    for (consumer, topic, partition), waiting in parked.items():
        undecided = DeadLetter.objects.filter(
            consumer=consumer,
            topic=topic,
            partition=partition,
            key__in={bytes(letter.key) for letter in waiting},
            status__in=UNDECIDED,
        )
        first = undecided.order_by("key", "offset", "pk").distinct("key").values_list("key", "offset", "pk")
        blockers = {bytes(key): (offset, number) for key, offset, number in first if key is not None}
        for letter in waiting:
            offset, number = blockers.get(bytes(letter.key), (letter.offset, None))
            if offset < letter.offset:
                letter.blocked_by = number
