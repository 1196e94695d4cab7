"""Events of posts and comments."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.api import Topic, event
from nova.services.erasure.events import ACCOUNT_DELETION, Erased, ErasureRequest
from nova.services.field_types import Id, ShortText, Text, Timestamp

OWNER = "content-service"
CONTENT = Topic(name="nova.content.events", families=("content",))
POSTS = Topic(name="{prefix}.post.events", families=("post",))
COMMENTS = Topic(name="{prefix}.comment.events", families=("comment",))
PostStatus = Literal["draft", "published", "archived", "deleted"]


@event("content.post.created", owner=OWNER, topic=CONTENT, key="post_id", aliases=("PostCreatedEvent",))
class ContentPostCreated(Struct, frozen=True, kw_only=True):
    """Somebody wrote a post."""

    post_id: Id
    user_id: Id
    """The author."""
    caption: Text
    media_type: Literal["image", "video", "none"]
    status: PostStatus
    created_at: Timestamp


@event("content.post.status_updated", owner=OWNER, topic=CONTENT, key="post_id", aliases=("PostStatusUpdatedEvent",))
class ContentPostStatusUpdated(Struct, frozen=True, kw_only=True):
    """A post was published, archived or withdrawn."""

    post_id: Id
    user_id: Id
    new_status: PostStatus
    updated_at: Timestamp


@event("content.post.deleted", owner=OWNER, topic=CONTENT, key="post_id", aliases=("PostDeletedEvent",))
class ContentPostDeleted(Struct, frozen=True, kw_only=True):
    """A post was deleted."""

    post_id: Id
    user_id: Id
    deleted_at: Timestamp


@event("content.post.media_attached", owner=OWNER, topic=CONTENT, key="post_id")
class ContentPostMediaAttached(Struct, frozen=True, kw_only=True):
    """A post shows an uploaded file from now on."""

    post_id: Id
    user_id: Id
    """The author."""
    upload_id: Id
    media_id: Id
    attached_at: Timestamp


@event("content.post.media_detached", owner=OWNER, topic=CONTENT, key="post_id")
class ContentPostMediaDetached(Struct, frozen=True, kw_only=True):
    """A post shows an uploaded file no longer."""

    post_id: Id
    user_id: Id
    upload_id: Id
    detached_at: Timestamp


@event("post.created", owner=OWNER, topic=POSTS, key="post_id")
class PostCreated(Struct, frozen=True, kw_only=True):
    """A post came into being."""

    post_id: Id
    author_id: Id
    created_at: Timestamp


@event("post.updated", owner=OWNER, topic=POSTS, key="post_id")
class PostUpdated(Struct, frozen=True, kw_only=True):
    """A post was edited."""

    post_id: Id
    editor_id: Id
    version: Annotated[int, Meta(ge=1)]
    """Version of the post's text, counted by the editor."""


@event("post.deleted", owner=OWNER, topic=POSTS, key="post_id")
class PostDeleted(Struct, frozen=True, kw_only=True):
    """A post is gone."""

    post_id: Id
    deleted_by: Id


@event("comment.added", owner=OWNER, topic=COMMENTS, key="post_id")
class CommentAdded(Struct, frozen=True, kw_only=True):
    """Somebody commented on a post."""

    comment_id: Id
    post_id: Id
    author_id: Id


@event("comment.removed", owner=OWNER, topic=COMMENTS, key="post_id")
class CommentRemoved(Struct, frozen=True, kw_only=True):
    """A comment is gone."""

    comment_id: Id
    post_id: Id
    removed_by: Id


@event("content.flagged", owner=OWNER, topic=CONTENT, key="content_id")
class ContentFlagged(Struct, frozen=True, kw_only=True):
    """Somebody takes offence at a post."""

    content_id: Id
    """The post."""
    reason: ShortText = ""


@event("content.removal_requested", owner=OWNER, topic=CONTENT, key="content_id")
class RemovalRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to delete a post, whoever has written it; the answer is `content.post.deleted`."""

    content_id: Id
    reason: ShortText


@event("content.erasure_requested", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class ContentErasureRequested(ErasureRequest, frozen=True, kw_only=True):
    """Somebody asks to remove all posts and comments of a user; the answer is `content.erased`."""


@event("content.erased", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class ContentErased(Erased, frozen=True, kw_only=True):
    """No post or comment of the user is left."""
