"""Which events tell of posts and comments?"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.domain.types import Id, Moment, Text
from events.registry import event

OWNER = "content-service"
PostStatus = Literal["draft", "published", "archived", "deleted"]


@event("content.post.created", owner=OWNER, key="post_id")
class ContentPostCreated(Struct, frozen=True, kw_only=True):
    """Somebody wrote a post."""

    post_id: Id
    user_id: Id
    """The author."""
    caption: Text
    media_type: Literal["image", "video", "none"]
    status: PostStatus
    created_at: Moment


@event("content.post.status_updated", owner=OWNER, key="post_id")
class ContentPostStatusUpdated(Struct, frozen=True, kw_only=True):
    """A post was published, archived or withdrawn."""

    post_id: Id
    user_id: Id
    new_status: PostStatus
    updated_at: Moment


@event("content.post.deleted", owner=OWNER, key="post_id")
class ContentPostDeleted(Struct, frozen=True, kw_only=True):
    """A post was deleted."""

    post_id: Id
    user_id: Id
    deleted_at: Moment


@event("post.created", owner=OWNER, key="post_id")
class PostCreated(Struct, frozen=True, kw_only=True):
    """A post came into being."""

    post_id: Id
    author_id: Id
    created_at: Moment


@event("post.updated", owner=OWNER, key="post_id")
class PostUpdated(Struct, frozen=True, kw_only=True):
    """A post was edited."""

    post_id: Id
    editor_id: Id
    version: Annotated[int, Meta(ge=1)]
    """Version of the post's text, counted by the editor."""


@event("post.deleted", owner=OWNER, key="post_id")
class PostDeleted(Struct, frozen=True, kw_only=True):
    """A post is gone."""

    post_id: Id
    deleted_by: Id


@event("comment.added", owner=OWNER, key="post_id")
class CommentAdded(Struct, frozen=True, kw_only=True):
    """Somebody commented on a post."""

    comment_id: Id
    post_id: Id
    author_id: Id
