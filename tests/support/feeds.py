"""Messages for the feed's handlers, and the truth to compare a feed with."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from msgspec import Struct

from events.api import type_name
from nova.services.content.events import ContentPostCreated, ContentPostDeleted, ContentPostStatusUpdated
from nova.services.feed.queries import PostView, feed
from nova.services.identity.events import (
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserDeactivated,
    UserNameChanged,
)
from nova.services.social.events import UserFollowed, UserUnfollowed
from outbox.api import Handler, ReceivedEvent, group_named

MORNING = datetime(2025, 3, 1, 8, tzinfo=UTC)


def at(minute: int) -> datetime:
    """So many minutes after eight."""
    return MORNING + timedelta(minutes=minute)


def received(payload: Struct, **fields: Any) -> ReceivedEvent:
    """The event as a consumer hands it over."""
    values: dict[str, Any] = {
        "event_id": uuid4(),
        "event_type": type_name(payload),
        "schema_version": 1,
        "source_service": "test",
        "aggregate_type": "any",
        "aggregate_id": "any",
        "version": 1,
        "timestamp": MORNING,
        "correlation_id": None,
        "causation_id": None,
        "user_id": None,
        "traceparent": None,
        "topic": "test",
        "partition": 0,
        "offset": 0,
        "key": None,
    }
    return ReceivedEvent(payload=payload, **(values | fields))


def handle(handlers: Sequence[Handler], *payloads: Struct, minute: int = 0) -> None:
    """Give the events to whom they concern, in one transaction that stays open if the caller's is."""
    with transaction.atomic():
        for payload in payloads:
            event = received(payload, timestamp=at(minute))
            for handler in handlers:
                if handler.wants(event.event_type):
                    if handler.handle is not None:
                        handler.handle(event)
                    elif handler.handle_batch is not None:
                        handler.handle_batch([event])


def post(post_id: str = "p1", author: str = "ann", *, minute: int = 0, **fields: Any) -> ContentPostCreated:
    """A payload."""
    values = {"caption": f"caption of {post_id}", "media_type": "none", "status": "published"} | fields
    return ContentPostCreated(post_id=post_id, user_id=author, created_at=at(minute), **values)


def status(post_id: str, new_status: Any, *, author: str = "ann", minute: int = 60) -> ContentPostStatusUpdated:
    """A payload."""
    return ContentPostStatusUpdated(post_id=post_id, user_id=author, new_status=new_status, updated_at=at(minute))


def removal(post_id: str, *, author: str = "ann", minute: int = 90) -> ContentPostDeleted:
    """A payload."""
    return ContentPostDeleted(post_id=post_id, user_id=author, deleted_at=at(minute))


def follow(follower: str, followed: str = "ann") -> UserFollowed:
    """A payload."""
    return UserFollowed(follower_id=follower, followed_id=followed)


def unfollow(follower: str, followed: str = "ann") -> UserUnfollowed:
    """A payload."""
    return UserUnfollowed(follower_id=follower, followed_id=followed)


def renamed(user_id: str, name: str) -> UserNameChanged:
    """A payload."""
    return UserNameChanged(user_id=user_id, old_name="", new_name=name)


def deactivated(user_id: str) -> UserDeactivated:
    """A payload."""
    return UserDeactivated(user_id=user_id, deactivated_at=at(100))


def named(user_id: str, name: str, *, minute: int = 0) -> IdentityUserProfileUpdated:
    """A payload."""
    return IdentityUserProfileUpdated(
        user_id=user_id,
        username=user_id,
        display_name=name,
        avatar_url=None,
        is_verified=False,
        follower_count=0,
        updated_at=at(minute),
    )


def gone(user_id: str, *, soft: bool = True) -> IdentityUserDeleted:
    """A payload."""
    return IdentityUserDeleted(user_id=user_id, deleted_at=at(100), soft_delete=soft)


def whole_feed(user_id: str, *, limit: int = 50) -> list[PostView]:
    """All pages."""
    page = feed(user_id, limit=limit)
    posts = list(page.items)
    while page.next:
        page = feed(user_id, before=page.next, limit=limit)
        posts += page.items
    return posts


def ids(posts: Iterable[PostView]) -> list[str]:
    """Their ids."""
    return [one.post_id for one in posts]


def expected_feed(user_id: str, payloads: Sequence[Struct]) -> list[str]:
    """What the feed of the user must be after these events, by the simplest reckoning."""
    posts: dict[str, ContentPostCreated] = {}
    statuses: dict[str, str] = {}
    followed: set[str] = set()
    away: set[str] = set()
    for payload in payloads:
        match payload:
            case ContentPostCreated():
                posts[payload.post_id] = payload
                statuses.setdefault(payload.post_id, payload.status)
            case ContentPostStatusUpdated():
                if statuses.get(payload.post_id) != "gone":
                    statuses[payload.post_id] = payload.new_status
            case ContentPostDeleted():
                statuses[payload.post_id] = "gone"
            case UserFollowed() if payload.follower_id == user_id:
                followed.add(payload.followed_id)
            case UserUnfollowed() if payload.follower_id == user_id:
                followed.discard(payload.followed_id)
            case IdentityUserDeleted():
                away.add(payload.user_id)
            case _:
                pass
    seen = [one for one in posts.values() if one.user_id in followed - away and statuses[one.post_id] == "published"]
    return [one.post_id for one in sorted(seen, key=lambda one: (one.created_at, one.post_id), reverse=True)]


def told(*payloads: Any, minute: int = 0) -> None:
    """Let the feed service's handlers hear of these."""
    handle(group_named("feed-service").handlers, *payloads, minute=minute)


def told_elsewhere(payload: Any) -> None:
    """The same, in a thread that has a database connection of its own."""
    told(payload)
    connection.close()
