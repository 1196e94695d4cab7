"""Holders: the row of its key that the relay has to deal with before it publishes a row."""

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from outbox.conf import outbox_conf
from outbox.models import OutboxEvent
from outbox.relay.topic_policies import TopicPolicies


def with_holder(rows: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
    """Rows with `held_by`: the number of the row that the relay does not publish this one before, or None."""
    unblocking = TopicPolicies.of_settings(outbox_conf()).topics_that_go_on()
    holder = (
        OutboxEvent.objects.stuck()
        .filter(
            # As in pending.sql.
            Q(dead_at__isnull=False) & ~Q(topic__in=unblocking) | Q(next_attempt_at__gt=Now()),
            topic=OuterRef("topic"),
            partition_key=OuterRef("partition_key"),
            position__lt=OuterRef("position"),
        )
        .order_by("position")
    )
    unfinished = Q(published=False, discarded_at=None, dead_at=None)
    return rows.annotate(held_by=Case(When(unfinished, then=Subquery(holder.values("pk")[:1]))))
