"""Post aggregate: what may happen to a post, and what is known of one afterwards.

The aggregate yields `content.post.*`, which feeds and search follow, and `post.updated` for a new text; a post that
somebody else wrote down with `post.created` and `post.deleted` is known too.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from events.api import Aggregate, AggregateNotFound, Command, CommandRefused, Issued, StreamId, aggregates
from nova.services.content.events import (
    ContentFlagged,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostMediaAttached,
    ContentPostMediaDetached,
    ContentPostStatusUpdated,
    PostCreated,
    PostDeleted,
    PostUpdated,
)
from nova.services.field_types import Id, Text


class CreatePost(Command, frozen=True, kw_only=True):
    """Write a post."""

    author_id: Id
    caption: Text
    media_type: Literal["image", "video", "none"] = "none"
    status: Literal["draft", "published"] = "published"


class RevisePost(Command, frozen=True, kw_only=True):
    """Give the post a new text, which the editor keeps and counts."""

    editor_id: Id


class PublishPost(Command, frozen=True, kw_only=True):
    """Show a draft, or show an archived post again."""


class ArchivePost(Command, frozen=True, kw_only=True):
    """Show the post no longer, and keep it."""


class FlagPost(Command, frozen=True, kw_only=True):
    """Take offence at the post."""

    reason: Annotated[str, Meta(max_length=255)] = ""


class AttachMedia(Command, frozen=True, kw_only=True):
    """Show an uploaded file with the post."""

    upload_id: Id
    media_id: Id


class DetachMedia(Command, frozen=True, kw_only=True):
    """Show an uploaded file no longer."""

    upload_id: Id


class DeletePost(Command, frozen=True, kw_only=True):
    """Take the post back for good."""


class PostAlreadyExists(CommandRefused):
    """The id belongs to a post already, or belonged to one."""

    code = "post_already_exists"


class PostNotThere(CommandRefused):
    """There is no such post, or it was deleted."""

    code = "post_not_there"


class PostNotFound(AggregateNotFound, PostNotThere):
    """There is no such post, and never was."""


class WrongPostStatus(CommandRefused):
    """What is wanted does not come next: only published posts are archived."""

    code = "wrong_post_status"


class Post(Struct, frozen=True, kw_only=True):
    """What is known of a post."""

    status: Literal["none", "draft", "published", "archived", "deleted"] = "none"
    author_id: str = ""
    text_version: int = 0
    """How often its text was revised, the first text counting as 1."""
    uploads: tuple[str, ...] = ()
    """Those whose files it shows."""


def decide(state: Post, command: Command, issued: Issued) -> list[Struct]:  # noqa: PLR0911 - one branch per command
    """What a command brings about."""
    post_id = issued.aggregate_id
    if isinstance(command, CreatePost):
        if state.status != "none":
            raise PostAlreadyExists(f"post {post_id} is {state.status}")
        return [
            ContentPostCreated(
                post_id=post_id,
                user_id=command.author_id,
                caption=command.caption,
                media_type=command.media_type,
                status=command.status,
                created_at=issued.at,
            )
        ]
    if state.status == "none":
        raise PostNotFound(StreamId("post", post_id))
    if state.status == "deleted":
        raise PostNotThere(f"post {post_id} is deleted")
    match command:
        case RevisePost(editor_id=editor_id):
            return [PostUpdated(post_id=post_id, editor_id=editor_id, version=state.text_version + 1)]
        case PublishPost():
            return [] if state.status == "published" else [_status(state, "published", issued)]
        case ArchivePost():
            if state.status == "draft":
                raise WrongPostStatus("a draft is published or deleted, not archived")
            return [] if state.status == "archived" else [_status(state, "archived", issued)]
        case FlagPost(reason=reason):
            return [ContentFlagged(content_id=post_id, reason=reason)]
        case AttachMedia() | DetachMedia():
            return _decide_media(state, command, issued)
        case DeletePost():
            return [ContentPostDeleted(post_id=post_id, user_id=state.author_id, deleted_at=issued.at)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a post")


def evolve(state: Post, payload: Struct) -> Post:  # noqa: PLR0911 - one branch per event
    """What is so after an event."""
    match payload:
        case ContentPostCreated(user_id=author_id, status=status):
            return state if state.status != "none" else Post(status=status, author_id=author_id, text_version=1)
        case PostCreated(author_id=author_id):
            return state if state.status != "none" else Post(status="published", author_id=author_id, text_version=1)
        case PostUpdated(version=version):
            return structs.replace(state, text_version=version)
        case ContentPostStatusUpdated(new_status=status):
            return structs.replace(state, status=status)
        case ContentPostMediaAttached(upload_id=upload_id):
            return structs.replace(state, uploads=(*state.uploads, upload_id))
        case ContentPostMediaDetached(upload_id=upload_id):
            return structs.replace(state, uploads=tuple(one for one in state.uploads if one != upload_id))
        case ContentPostDeleted() | PostDeleted():
            return structs.replace(state, status="deleted")
        case _:
            return state


def _decide_media(state: Post, command: AttachMedia | DetachMedia, issued: Issued) -> list[Struct]:
    """Nothing for what is so already."""
    is_shown = command.upload_id in state.uploads
    post_id, author_id = issued.aggregate_id, state.author_id
    if isinstance(command, AttachMedia) and not is_shown:
        return [
            ContentPostMediaAttached(
                post_id=post_id,
                user_id=author_id,
                upload_id=command.upload_id,
                media_id=command.media_id,
                attached_at=issued.at,
            )
        ]
    if isinstance(command, DetachMedia) and is_shown:
        return [
            ContentPostMediaDetached(
                post_id=post_id, user_id=author_id, upload_id=command.upload_id, detached_at=issued.at
            )
        ]
    return []


def _status(state: Post, status: Literal["published", "archived"], issued: Issued) -> ContentPostStatusUpdated:
    return ContentPostStatusUpdated(
        post_id=issued.aggregate_id, user_id=state.author_id, new_status=status, updated_at=issued.at
    )


POST = aggregates.register(
    Aggregate(
        name="post",
        initial=Post(),
        decide=decide,
        evolve=evolve,
        fold_version=2,
        events=(
            *(ContentPostCreated, ContentPostStatusUpdated, ContentPostDeleted),
            *(ContentPostMediaAttached, ContentPostMediaDetached),
            *(PostCreated, PostUpdated, PostDeleted),
        ),
        commands={
            "create": CreatePost,
            "revise": RevisePost,
            "publish": PublishPost,
            "archive": ArchivePost,
            "flag": FlagPost,
            "attach_media": AttachMedia,
            "detach_media": DetachMedia,
            "delete": DeletePost,
        },
    )
)
