"""Events to test with."""

from datetime import UTC, datetime
from typing import Any

from events.api import NewEvent, StreamId, uuid7
from nova.services.content.events import ContentPostCreated

WHEN = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def post_created(post_id: str = "post-1", *, caption: str = "hello", **fields: Any) -> ContentPostCreated:
    """A payload."""
    values: dict[str, Any] = {"user_id": "user-1", "media_type": "none", "status": "published", "created_at": WHEN}
    return ContentPostCreated(post_id=post_id, caption=caption, **(values | fields))


def new_event(caption: str = "hello", **fields: Any) -> NewEvent:
    """An event whose caption tells it from others."""
    return NewEvent(payload=post_created(caption=caption), **fields)


def new_stream(aggregate_type: str = "post") -> StreamId:
    """The name of a stream that nothing has been appended to."""
    return StreamId(aggregate_type, str(uuid7()))
