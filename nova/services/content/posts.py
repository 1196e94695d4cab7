"""Posts projection: posts with their comments and how often each was liked and shared, from the log.

The log is the authority: events count in its order. A deletion is final, and so is the erasure of a user: whoever was
deleted for good has no posts, comments and likes here, and gets none by what comes later. That somebody else passed a
post on is counted without a name, and stays.
"""

from typing import Any, ClassVar

from django.db import connection
from django.db.models import Model

from events.envelope import RecordedEvent
from nova.services.content.events import (
    CommentAdded,
    CommentRemoved,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostMediaAttached,
    ContentPostMediaDetached,
    ContentPostStatusUpdated,
    PostCreated,
    PostDeleted,
    PostUpdated,
)
from nova.services.content.models import Comment, ErasedUser, Post, PostLike
from nova.services.content.sql.statements import statement
from nova.services.identity.events import IdentityUserDeleted
from nova.services.social.events import PostLiked, PostShared, PostUnliked
from nova.services.timestamps import utc
from projections.api import Projection, UnexpectedPayload


class PostsProjection(Projection):
    """Keeps posts, comments and likes, by statements that nothing is asked of."""

    name = "posts"
    version = 1
    event_types = frozenset(
        {
            "content.post.created",
            "content.post.status_updated",
            "content.post.deleted",
            "content.post.media_attached",
            "content.post.media_detached",
            "post.created",
            "post.updated",
            "post.deleted",
            "comment.added",
            "comment.removed",
            "post.liked",
            "post.unliked",
            "post.shared",
            "identity.user.deleted",
        }
    )
    models: ClassVar[tuple[type[Model], ...]] = (Post, Comment, PostLike, ErasedUser)
    writes_only = True

    def apply(self, event: RecordedEvent) -> None:  # noqa: PLR0912 - one branch per event
        """Change the tables as one event says."""
        match event.payload:
            case ContentPostCreated() | ContentPostStatusUpdated() | PostCreated() | PostUpdated():
                _keep_post(event)
            case ContentPostDeleted(post_id=post_id, deleted_at=deleted_at):
                _execute("post_deleted", post_id=post_id, deleted_at=utc(deleted_at))
            case PostDeleted(post_id=post_id):
                _execute("post_deleted", post_id=post_id, deleted_at=event.timestamp)
            case ContentPostMediaAttached(post_id=post_id, upload_id=upload_id, media_id=media_id):
                _execute("media_attached", post_id=post_id, upload_id=upload_id, media_id=media_id)
            case ContentPostMediaDetached(post_id=post_id, upload_id=upload_id):
                _execute("media_detached", post_id=post_id, upload_id=upload_id)
            case CommentAdded(comment_id=comment_id, post_id=post_id, author_id=author_id):
                _execute(
                    "comment_added",
                    comment_id=comment_id,
                    post_id=post_id,
                    author_id=author_id,
                    created_at=event.timestamp,
                )
            case CommentRemoved(comment_id=comment_id):
                _execute("comment_removed", comment_id=comment_id)
            case PostLiked(post_id=post_id, user_id=user_id):
                _execute("liked", post_id=post_id, user_id=user_id)
            case PostUnliked(post_id=post_id, user_id=user_id):
                _execute("unliked", post_id=post_id, user_id=user_id)
            case PostShared(post_id=post_id):
                _execute("shared", post_id=post_id)
            case IdentityUserDeleted(user_id=user_id, deleted_at=deleted_at, soft_delete=soft):
                if not soft:
                    _erase(user_id, deleted_at=utc(deleted_at))
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)


def _keep_post(event: RecordedEvent) -> None:
    """What a post's own events say, but for its deletion."""
    match event.payload:
        case ContentPostCreated() as post:
            _execute(
                "post_created",
                post_id=post.post_id,
                author_id=post.user_id,
                caption=post.caption,
                media_type=post.media_type,
                status=post.status,
                created_at=utc(post.created_at),
                updated_at=event.timestamp,
            )
        case PostCreated() as post:
            _execute(
                "post_created",
                post_id=post.post_id,
                author_id=post.author_id,
                caption="",
                media_type="none",
                status=Post.Status.PUBLISHED.value,
                created_at=utc(post.created_at),
                updated_at=event.timestamp,
            )
        case ContentPostStatusUpdated(new_status="deleted") as post:
            _execute("post_deleted", post_id=post.post_id, deleted_at=utc(post.updated_at))
        case ContentPostStatusUpdated() as post:
            _execute("post_status", post_id=post.post_id, status=post.new_status, updated_at=event.timestamp)
        case PostUpdated() as post:
            _execute("post_revised", post_id=post.post_id, text_version=post.version, updated_at=event.timestamp)


def _erase(user_id: str, **when: Any) -> None:
    """Let nothing be left of the user but counts of shares, and nothing come back."""
    _execute("user_erased", user_id=user_id)
    _execute("user_posts_erased", user_id=user_id, **when)
    _execute("user_comments_erased", user_id=user_id)
    _execute("user_likes_erased", user_id=user_id)


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
