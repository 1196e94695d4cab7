"""What holds a row or a letter back? The first one of its key that an operator or a worker has to deal with."""

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from outbox.blocking import UNDECIDED
from outbox.conf import outbox_conf
from outbox.exceptions import KeyBlocked
from outbox.models import DeadLetter, OutboxEvent

PARKED = f"{KeyBlocked.__module__}.{KeyBlocked.__qualname__}"
"""What a letter says that was parked behind another one."""


def with_holder(rows: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
    """Rows with `held_by`: the number of the row that the relay does not publish this one before, or None."""
    going_on = outbox_conf().relay_policies().topics_that_go_on()
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


def with_blocker(letters: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
    """Letters with `blocked_by`: of one that was parked, the number of the letter that its key waits for, or None."""
    blocker = DeadLetter.objects.filter(
        consumer=OuterRef("consumer"),
        topic=OuterRef("topic"),
        partition=OuterRef("partition"),
        key=OuterRef("key"),
        offset__lt=OuterRef("offset"),
        status__in=UNDECIDED,
    ).order_by("offset", "pk")
    return letters.annotate(blocked_by=Case(When(exception=PARKED, then=Subquery(blocker.values("pk")[:1]))))
