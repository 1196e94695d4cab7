"""Handlers of the content service: it stores the events of users and uploads, keeps copies, and removes posts.

It knows what each user has written, and removes all of it when the account is deleted.
"""

from collections.abc import Sequence
from uuid import uuid5

from events.api import Command
from nova.services.content.aggregates.comment import RemoveComment
from nova.services.content.aggregates.post import DeletePost
from nova.services.content.events import (
    CommentAdded,
    CommentRemoved,
    ContentErased,
    ContentErasureRequested,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostMediaAttached,
    PostCreated,
    PostDeleted,
    RemovalRequested,
)
from nova.services.content.models import ContentBelonging, FormerAuthor
from nova.services.content.pending_media import keep_pending_media
from nova.services.content.service import SERVICE
from nova.services.content.user_copies import EVENT_TYPES, keep_local_users
from nova.services.erasure.belongings import Belonging, Belongings, Change
from nova.services.erasure.erasing import erase_page
from nova.services.erasure.removal import remove
from nova.services.media.events import MediaUploadCompleted, MediaUploadDeleted
from outbox.api import Handler, ReceivedEvent, handles, keep_external_events, register_handlers
from projections.api import UnexpectedPayload

register_handlers(
    SERVICE.name,
    keep_external_events(SERVICE, (*EVENT_TYPES, "media.upload.completed", "media.upload.deleted")),
    Handler(name="local-users", event_types=EVENT_TYPES, handle_batch=keep_local_users, repeatable=True),
)


@handles(RemovalRequested, group=SERVICE.name)
def remove_post(event: ReceivedEvent) -> None:
    """Delete the post; of one that is not there nothing is said but in the log, and whoever asked sees it."""
    if isinstance(event.payload, RemovalRequested):
        remove(event.payload.content_id, DeletePost(), command_id=uuid5(event.event_id, "remove"))


@handles(
    *(ContentPostCreated, PostCreated, ContentPostDeleted, PostDeleted, CommentAdded, CommentRemoved),
    group=SERVICE.name,
    name="content-belongings",
    batch=True,
)
def keep_belongings(events: Sequence[ReceivedEvent]) -> None:
    """Know who has written what is there; what somebody who is gone has written is removed at once."""
    BELONGINGS.follow(events, [_change(event) for event in events])


@handles(
    *(MediaUploadCompleted, MediaUploadDeleted, ContentPostCreated, ContentPostMediaAttached, ContentPostDeleted),
    group=SERVICE.name,
    name="content-media",
    batch=True,
)
def keep_media(events: Sequence[ReceivedEvent]) -> None:
    """Let posts take what their authors have uploaded."""
    keep_pending_media(events)


@handles(ContentErasureRequested, group=SERVICE.name)
def erase_content(event: ReceivedEvent) -> None:
    """Remove what a user has written."""
    erase_page(event, remove=BELONGINGS.remove_page, erased=ContentErased, stream="content_erasure")


def _change(event: ReceivedEvent) -> Change:
    match event.payload:
        case ContentPostCreated(post_id=post_id, user_id=author_id) | PostCreated(post_id=post_id, author_id=author_id):
            return Change(aggregate_type="post", aggregate_id=post_id, owner_id=author_id)
        case ContentPostDeleted(post_id=post_id) | PostDeleted(post_id=post_id):
            return Change(aggregate_type="post", aggregate_id=post_id)
        case CommentAdded(comment_id=comment_id, author_id=author_id):
            return Change(aggregate_type="comment", aggregate_id=comment_id, owner_id=author_id)
        case CommentRemoved(comment_id=comment_id):
            return Change(aggregate_type="comment", aggregate_id=comment_id)
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _removal(belonging: Belonging) -> Command:
    return DeletePost() if belonging.aggregate_type == "post" else RemoveComment(removed_by=belonging.owner_id)


BELONGINGS = Belongings(table=ContentBelonging, former_owners=FormerAuthor, removal=_removal)
