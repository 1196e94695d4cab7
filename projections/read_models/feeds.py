"""What has a user to see? The group `feed-service` keeps who follows whom, the posts, and their authors' names.

Handlers write the tables; Redis is told after the commit (`feed_changes`). Events of one post come in order, those of
posts, followers and authors in any: each row takes what it is told whenever that comes, a later state wins over an
earlier one by the event's own time, and a deletion is final.
"""

from typing import Any

from django.db import connection

from events.domain.content import ContentPostCreated, ContentPostDeleted, ContentPostStatusUpdated
from events.domain.identity import (
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeleted,
)
from events.domain.social import UserFollowed, UserUnfollowed
from events.domain.users import UserNameChanged
from outbox.api import Handler, ReceivedEvent
from projections.exceptions import UnexpectedPayload
from projections.read_models.feed_changes import show_changes_after_commit
from projections.read_models.moments import utc
from projections.sql.statements import statement


def keep_posts(event: ReceivedEvent) -> None:
    """Posts come, change their status, and go."""
    match event.payload:
        case ContentPostCreated() as post:
            created_at = utc(post.created_at)
            _execute(
                "feed_post_created",
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
                "feed_post_status",
                post_id=post.post_id,
                author_id=post.user_id,
                status=post.new_status,
                status_at=utc(post.updated_at),
            )
        case ContentPostDeleted() as post:
            _execute("feed_post_deleted", post_id=post.post_id, author_id=post.user_id, deleted_at=utc(post.deleted_at))
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


def keep_follows(event: ReceivedEvent) -> None:
    """A new follower gets the author's posts into the feed; they leave it when the follower goes."""
    match event.payload:
        case UserFollowed() | UserUnfollowed() as follow:
            _execute(
                "feed_follow",
                follower_id=follow.follower_id,
                followed_id=follow.followed_id,
                is_following=isinstance(follow, UserFollowed),
                since=utc(event.timestamp),
            )
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


def keep_authors(event: ReceivedEvent) -> None:
    """Authors get names, change them, and go with all that they wrote."""
    match event.payload:
        case IdentityUserCreated() | UserCreated() as user:
            _execute(
                "feed_author_profile",
                user_id=user.user_id,
                username=user.username or "",
                display_name="",
                avatar_url="",
                changed_at=utc(user.created_at),
            )
        case IdentityUserProfileUpdated() as profile:
            _execute(
                "feed_author_profile",
                user_id=profile.user_id,
                username=profile.username,
                display_name=profile.display_name or "",
                avatar_url=profile.avatar_url or "",
                changed_at=utc(profile.updated_at),
            )
        case UserNameChanged(user_id=user_id, new_name=name):
            _execute("feed_author_name", user_id=user_id, username=name, named_at=utc(event.timestamp))
        case IdentityUserDeleted(user_id=user_id, deleted_at=moment, soft_delete=soft):
            _execute("feed_author_deleted", user_id=user_id, deleted_at=utc(moment), for_good=not soft)
            if not soft:
                _execute("feed_author_posts_erased", author_id=user_id, deleted_at=utc(moment))
        case UserDeleted(user_id=user_id, deleted_at=moment):
            _execute("feed_author_deleted", user_id=user_id, deleted_at=utc(moment), for_good=False)
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
    show_changes_after_commit()


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)


HANDLERS = (
    Handler(
        name="feed-posts",
        event_types=("content.post.created", "content.post.status_updated", "content.post.deleted"),
        handle=keep_posts,
    ),
    Handler(name="feed-follows", event_types=("user.followed", "user.unfollowed"), handle=keep_follows),
    Handler(
        name="feed-authors",
        event_types=(
            "identity.user.created",
            "identity.user.profile_updated",
            "identity.user.deleted",
            "user.created",
            "user.name_changed",
            "user.deleted",
        ),
        handle=keep_authors,
    ),
)
