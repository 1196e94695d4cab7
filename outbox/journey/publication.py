"""Publication: where an event is on its way to its topic, and where its message lies once it is there."""

from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from msgspec import Struct

from outbox.conf import outbox_conf
from outbox.models import OutboxEvent
from outbox.relay.holders import with_holder

PublicationState = Literal["pending", "waiting", "dead", "discarded", "published"]


class Publication(Struct, frozen=True, kw_only=True):
    """An event's outbox row, without its payload."""

    row_id: int
    state: PublicationState
    topic: str
    partition_key: str
    recorded_at: datetime
    published_at: datetime | None
    partition: int | None
    """Where its message lies; None while it is not published, and where the broker numbers no messages."""
    offset: int | None
    """Where it lies in the partition."""
    retry_count: int
    """How often the broker has refused it."""
    next_attempt_at: datetime | None
    held_by: int | None
    """The row of its key that has to be published or given up before."""
    last_error: str | None


def publication_of(event_id: UUID) -> Publication | None:
    """The outbox row of an event; None where there is none, or none any more."""
    row = with_holder(OutboxEvent.objects.filter(event_id=event_id).defer("payload", "metadata")).first()
    return None if row is None else _publication(row)


def outbox_retention() -> timedelta:
    """For how long rows that are published or discarded are kept."""
    return timedelta(days=outbox_conf().retention_days)


def _publication(row: "OutboxEvent") -> Publication:
    return Publication(
        row_id=row.pk,
        state=cast("PublicationState", row.state),
        topic=row.topic,
        partition_key=row.partition_key,
        recorded_at=row.created_at,
        published_at=row.published_at,
        partition=row.published_partition,
        offset=row.published_offset,
        retry_count=row.retry_count,
        next_attempt_at=row.next_attempt_at,
        held_by=row.held_by,  # type: ignore[attr-defined]
        last_error=row.last_error,
    )
