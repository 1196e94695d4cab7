"""Events on their way: appended, published at a place, and dealt with by consumer groups, as tables say it."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models.functions import Now

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from outbox.models import ConsumerPosition, DeadLetter, InboxEntry, OutboxEvent


def append_note(key: str = "n1", **fields: object) -> UUID:
    """The id of an event of a type that nobody but the test's own groups handles."""
    event = NewEvent(payload=Untyped("note.taken", {"secret": "the-payload"}), **fields)  # type: ignore[arg-type]
    return append_events(StreamId("note", key), Expected.ANY, [event]).event_ids[0]


def published(event_id: UUID, *, partition: int | None = 0, offset: int | None = 7, topic: str = "notes") -> None:
    """Mark the event's outbox row as published there."""
    OutboxEvent.objects.filter(event_id=event_id).update(
        topic=topic, published=True, published_at=Now(), published_partition=partition, published_offset=offset
    )


def handled(event_id: UUID, consumer: str) -> None:
    """The consumer has handled it."""
    InboxEntry.objects.create(consumer=consumer, event_id=event_id)


def stands_at(consumer: str, position: int, *, topic: str = "notes", partition: int = 0) -> None:
    """The consumer goes on there."""
    ConsumerPosition.objects.create(consumer=consumer, topic=topic, partition=partition, topic_id="", position=position)


def dead_lettered(event_id: UUID, consumer: str, *, status: str = "open") -> DeadLetter:
    """The consumer could not handle it."""
    return DeadLetter.objects.create(
        consumer=consumer,
        event_id=event_id,
        event_type="note.taken",
        topic="notes",
        partition=0,
        offset=7,
        headers="[]",
        body=b"the-payload",
        exception="ValueError",
        message="the-payload is not understood",
        frame="",
        failure_group="g",
        attempts=3,
        status=status,
        first_failed_at=datetime.now(UTC),
        last_failed_at=datetime.now(UTC),
    )
