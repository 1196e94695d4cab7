"""Publishing again: rows that were published, and whose events a group has not handled, go to their topics once more.

This fills the gap where the broker cannot: RabbitMQ forgets what was acknowledged, and Kafka what is too old. The inbox
of every group that has handled an event already passes over the second message.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection

from events.api import registry
from outbox.bus.topic_patterns import includes
from outbox.conf import outbox_conf
from outbox.handling.handlers import ConsumerGroup
from outbox.models import OutboxEvent
from outbox.sql.statements import statement

# Rows of one statement.
CHUNK = 10_000


def unhandled_rows(group: ConsumerGroup, topics: Sequence[str]) -> list[int]:
    """The published rows of these topics that the group wants and has not handled, as far as its inbox reaches back."""
    routes = [
        (topic, event_type)
        for topic, event_type in OutboxEvent.objects.filter(published=True)
        .order_by()
        .values_list("topic", "event_type")
        .distinct()
        if includes(topics, topic) and group.wants(_present_name(event_type, topic))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            statement("unhandled_rows"),
            {
                "consumer": group.name,
                "topics": [topic for topic, _ in routes],
                "event_types": [event_type for _, event_type in routes],
                "since": datetime.now(UTC) - timedelta(days=outbox_conf().inbox_retention_days),
            },
        )
        return [row_id for (row_id,) in cursor.fetchall()]


def publish_again(row_ids: Sequence[int]) -> int:
    """Let the relay publish rows that were published, in the order of the log; how many there were."""
    return sum(
        OutboxEvent.objects.filter(pk__in=row_ids[place : place + CHUNK], published=True).update(
            published=False, published_at=None, published_partition=None, published_offset=None
        )
        for place in range(0, len(row_ids), CHUNK)
    )


def _present_name(event_type: str, topic: str) -> str:
    return event_type if registry.named(event_type) else registry.present_name(event_type, topic)
