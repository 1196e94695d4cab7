"""Feed handlers: the group `feed-service` keeps who follows whom, the posts, and their authors' names.

Handlers write the tables; Redis is told after the commit (`feed_changes`). Events of one post come in order, those of
posts, followers and authors in any: each row takes what it is told whenever that comes, a later state wins over an
earlier one by the event's own time, and a deletion is final. Rows are the same in the end whatever came first.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from nova.services.content.events import ContentPostCreated, ContentPostDeleted, ContentPostStatusUpdated
from nova.services.erasure.erasing import erase_page
from nova.services.feed.changes import show_changes_after_commit
from nova.services.feed.events import FeedErased, FeedErasureRequested
from nova.services.feed.models import FeedAuthor
from nova.services.feed.service import SERVICE
from nova.services.feed.sql.statements import statement
from nova.services.identity.events import (
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeleted,
    UserNameChanged,
)
from nova.services.social.events import UserFollowed, UserUnfollowed
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent, handles
from projections.api import UnexpectedPayload


@handles(
    ContentPostCreated,
    ContentPostStatusUpdated,
    ContentPostDeleted,
    group=SERVICE.name,
    name="feed-posts",
    repeatable=True,
)
def keep_posts(event: ReceivedEvent) -> None:
    """Posts come, change their status, and go."""
    match event.payload:
        case ContentPostCreated() as post:
            created_at = utc(post.created_at)
            _execute(
                "post_created",
                post_id=post.post_id,
                author_id=post.user_id,
                caption=post.caption,
                media_type=post.media_type,
                status=post.status,
                created_at=created_at,
                score=created_at.timestamp(),
            )
        case ContentPostStatusUpdated() as post:
            _execute(
                "post_status",
                post_id=post.post_id,
                author_id=post.user_id,
                status=post.new_status,
                status_at=utc(post.updated_at),
            )
        case ContentPostDeleted() as post:
            _execute("post_deleted", post_id=post.post_id, author_id=post.user_id, deleted_at=utc(post.deleted_at))
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


@handles(UserFollowed, UserUnfollowed, group=SERVICE.name, name="feed-follows", repeatable=True)
def keep_follows(event: ReceivedEvent) -> None:
    """A new follower gets the author's posts into the feed; they leave it when the follower goes."""
    match event.payload:
        case UserFollowed() | UserUnfollowed() as follow:
            _execute(
                "follow",
                follower_id=follow.follower_id,
                followed_id=follow.followed_id,
                is_following=isinstance(follow, UserFollowed),
                since=utc(event.timestamp),
            )
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


@handles(
    *(IdentityUserCreated, IdentityUserProfileUpdated, IdentityUserDeleted),
    *(UserCreated, UserNameChanged, UserDeleted),
    group=SERVICE.name,
    name="feed-authors",
    repeatable=True,
)
def keep_authors(event: ReceivedEvent) -> None:
    """Authors get names, change them, and go with all that they wrote."""
    match event.payload:
        case IdentityUserCreated() | UserCreated() as user:
            _execute(
                "author_profile",
                user_id=user.user_id,
                username=user.username or "",
                display_name="",
                avatar_url="",
                changed_at=utc(user.created_at),
            )
        case IdentityUserProfileUpdated() as profile:
            _execute(
                "author_profile",
                user_id=profile.user_id,
                username=profile.username,
                display_name=profile.display_name or "",
                avatar_url=profile.avatar_url or "",
                changed_at=utc(profile.updated_at),
            )
        case UserNameChanged(user_id=user_id, new_name=name):
            _execute("author_name", user_id=user_id, username=name, named_at=utc(event.timestamp))
        case IdentityUserDeleted(user_id=user_id, deleted_at=deleted_at, soft_delete=soft):
            _close(user_id, deleted_at, for_good=not soft)
            if not soft:
                _execute("follows_erased", user_id=user_id, max_count=None)
        case UserDeleted(user_id=user_id, deleted_at=deleted_at):
            _close(user_id, deleted_at, for_good=False)
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


@handles(FeedErasureRequested, group=SERVICE.name, name="feed-erasure", repeatable=True)
def erase_feed(event: ReceivedEvent) -> None:
    """Forget a user: the names, what was written, and who followed whom."""
    erase_page(event, remove=_forget, erased=FeedErased, stream="feed_erasure")


def _forget(event: ReceivedEvent, user_id: str, limit: int) -> int:
    # So that no late event of a follow brings anything back. Only once: Redis is told of it each time.
    asked_at = utc(event.timestamp)
    if not FeedAuthor.objects.filter(user_id=user_id, is_erased=True, deleted_at__lte=asked_at).exists():
        _close(user_id, asked_at, for_good=True)
        show_changes_after_commit()
    return _execute("follows_erased", user_id=user_id, max_count=limit)


def _close(user_id: str, deleted_at: datetime, *, for_good: bool) -> None:
    """Close an account; with one that is closed for good, now or before, goes what it has written."""
    _execute("author_deleted", user_id=user_id, deleted_at=utc(deleted_at), for_good=for_good)
    _execute("author_posts_erased", author_id=user_id)


def _execute(name: str, **parameters: Any) -> int:
    """How many rows it has changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return int(cursor.rowcount)
