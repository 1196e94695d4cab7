"""Benchmark events: their payloads have about 300 bytes."""

from datetime import UTC, datetime
from uuid import uuid4

from events.api import NewEvent, StreamId
from nova.services.content.events import ContentPostCreated

WHEN = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
METADATA = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def new_event() -> NewEvent:
    """An event that is like no other."""
    payload = ContentPostCreated(
        post_id=str(uuid4()),
        user_id=str(uuid4()),
        caption="x" * 120,
        media_type="image",
        status="published",
        created_at=WHEN,
    )
    return NewEvent(payload=payload, metadata=METADATA)


def new_stream() -> StreamId:
    """A stream without events."""
    return StreamId("post", str(uuid4()))
