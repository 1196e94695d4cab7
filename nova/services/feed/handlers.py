"""Feed handlers: the group `feed-service` keeps who follows whom, the posts, and their authors' names.

Handlers write the tables; Redis is told after the commit (`feed_changes`). Events of one post come in order, those of
posts, followers and authors in any: each row takes what it is told whenever that comes, a later state wins over an
earlier one by the event's own time, and a deletion is final. Rows are the same in the end whatever came first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from kit.postgresql.many import Statements
from nova.services.content.events import ContentPostCreated, ContentPostDeleted, ContentPostStatusUpdated
from nova.services.erasure.erasing import erase_page
from nova.services.feed.changes import Kind, show_changes_after_commit
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
    batch=True,
    repeatable=True,
)
def keep_posts(events: Sequence[ReceivedEvent]) -> None:
    """Posts come, change their status, and go."""
    changes = Statements()
    for event in events:
        match event.payload:
            case ContentPostCreated() as post:
                created_at = utc(post.created_at)
                changes.add(
                    statement("post_created"),
                    post.post_id,
                    post_id=post.post_id,
                    author_id=post.user_id,
                    caption=post.caption,
                    media_type=post.media_type,
                    status=post.status,
                    created_at=created_at,
                    score=created_at.timestamp(),
                )
            case ContentPostStatusUpdated() as post:
                changes.add(
                    statement("post_status"),
                    post.post_id,
                    post_id=post.post_id,
                    author_id=post.user_id,
                    status=post.new_status,
                    status_at=utc(post.updated_at),
                )
            case ContentPostDeleted() as post:
                changes.add(
                    statement("post_deleted"),
                    post.post_id,
                    post_id=post.post_id,
                    author_id=post.user_id,
                    deleted_at=utc(post.deleted_at),
                )
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    changes.run()
    show_changes_after_commit(Kind.POSTS)


@handles(UserFollowed, UserUnfollowed, group=SERVICE.name, name="feed-follows", batch=True, repeatable=True)
def keep_follows(events: Sequence[ReceivedEvent]) -> None:
    """A new follower gets the author's posts into the feed; they leave it when the follower goes."""
    changes = Statements()
    for event in events:
        match event.payload:
            case UserFollowed() | UserUnfollowed() as follow:
                changes.add(
                    statement("follow"),
                    follow.follower_id,
                    follow.followed_id,
                    follower_id=follow.follower_id,
                    followed_id=follow.followed_id,
                    is_following=isinstance(follow, UserFollowed),
                    since=utc(event.timestamp),
                )
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    changes.run()
    show_changes_after_commit(Kind.FOLLOWS)


@handles(
    *(IdentityUserCreated, IdentityUserProfileUpdated, IdentityUserDeleted),
    *(UserCreated, UserNameChanged, UserDeleted),
    group=SERVICE.name,
    name="feed-authors",
    batch=True,
    repeatable=True,
)
def keep_authors(events: Sequence[ReceivedEvent]) -> None:
    """Authors get names, change them, and go with all that they wrote."""
    changes = Statements()
    for event in events:
        match event.payload:
            case IdentityUserCreated() | UserCreated() as user:
                _profile(changes, user.user_id, user.username, changed_at=user.created_at)
            case IdentityUserProfileUpdated() as profile:
                _profile(
                    changes,
                    profile.user_id,
                    profile.username,
                    display_name=profile.display_name,
                    avatar_url=profile.avatar_url,
                    changed_at=profile.updated_at,
                )
            case UserNameChanged(user_id=user_id, new_name=name):
                named_at = utc(event.timestamp)
                changes.add(statement("author_name"), user_id, user_id=user_id, username=name, named_at=named_at)
            case IdentityUserDeleted(user_id=user_id, deleted_at=deleted_at, soft_delete=soft):
                changes.run()
                _close(user_id, deleted_at, for_good=not soft)
                if not soft:
                    _execute("follows_erased", user_id=user_id, max_count=None)
            case UserDeleted(user_id=user_id, deleted_at=deleted_at):
                changes.run()
                _close(user_id, deleted_at, for_good=False)
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    changes.run()
    show_changes_after_commit(*Kind)


@handles(FeedErasureRequested, group=SERVICE.name, name="feed-erasure", repeatable=True)
def erase_feed(event: ReceivedEvent) -> None:
    """Forget a user: the names, what was written, and who followed whom."""
    erase_page(event, remove=_forget, erased=FeedErased, stream="feed_erasure")


def _forget(event: ReceivedEvent, user_id: str, limit: int) -> int:
    # So that no late event of a follow brings anything back. Only once: Redis is told of it each time.
    asked_at = utc(event.timestamp)
    if not FeedAuthor.objects.filter(user_id=user_id, is_erased=True, deleted_at__lte=asked_at).exists():
        _close(user_id, asked_at, for_good=True)
        show_changes_after_commit(*Kind)
    return _execute("follows_erased", user_id=user_id, max_count=limit)


def _profile(
    changes: Statements,
    user_id: str,
    username: str | None,
    *,
    changed_at: datetime,
    display_name: str | None = None,
    avatar_url: str | None = None,
) -> None:
    changes.add(
        statement("author_profile"),
        user_id,
        user_id=user_id,
        username=username or "",
        display_name=display_name or "",
        avatar_url=avatar_url or "",
        changed_at=utc(changed_at),
    )


def _close(user_id: str, deleted_at: datetime, *, for_good: bool) -> None:
    """Close an account; with one that is closed for good, now or before, goes what it has written."""
    _execute("author_deleted", user_id=user_id, deleted_at=utc(deleted_at), for_good=for_good)
    _execute("author_posts_erased", author_id=user_id)


def _execute(name: str, **parameters: Any) -> int:
    """How many rows it has changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return int(cursor.rowcount)
