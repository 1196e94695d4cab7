"""The rules of posts and comments."""

from datetime import timedelta
from typing import Any

from events.testing import AT, ID, given
from nova.services.content.aggregates.comment import AddComment, RemoveComment
from nova.services.content.aggregates.post import ArchivePost, CreatePost, DeletePost, PublishPost, RevisePost
from nova.services.content.events import (
    CommentAdded,
    CommentRemoved,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostStatusUpdated,
    PostUpdated,
)

POST_CREATED = ContentPostCreated(
    post_id=ID, user_id="ann", caption="hi", media_type="none", status="published", created_at=AT
)
POST_DELETED = ContentPostDeleted(post_id=ID, user_id="ann", deleted_at=AT)


def status(new: Any) -> ContentPostStatusUpdated:
    return ContentPostStatusUpdated(post_id=ID, user_id="ann", new_status=new, updated_at=AT)


def test_the_life_of_a_post() -> None:
    given().when(CreatePost(author_id="ann", caption="hi")).then(POST_CREATED)
    given(POST_CREATED).when(RevisePost(editor_id="bob")).then(PostUpdated(post_id=ID, editor_id="bob", version=2))
    given(POST_CREATED).when(ArchivePost()).then(status("archived"))
    given(POST_CREATED, status("archived")).when(PublishPost()).then(status("published"))
    given(POST_CREATED).when(PublishPost()).then()
    given(POST_CREATED).when(DeletePost()).then(POST_DELETED)
    given(POST_CREATED, POST_DELETED).when(DeletePost()).then_refused("post_not_there")
    given(POST_CREATED, POST_DELETED).when(CreatePost(author_id="b", caption="")).then_refused("post_already_exists")
    given().when(PublishPost()).then_refused("post_not_there")


def test_a_draft_is_not_archived() -> None:
    draft = ContentPostCreated(
        post_id=ID, user_id="ann", caption="hi", media_type="none", status="draft", created_at=AT
    )
    given(draft).when(ArchivePost()).then_refused("wrong_post_status")
    given(draft).when(PublishPost(), at=AT + timedelta(hours=1)).then_state(status="published")


def test_a_comment_happens_once() -> None:
    added = CommentAdded(comment_id=ID, post_id="p", author_id="u")
    removed = CommentRemoved(comment_id=ID, post_id="p", removed_by="u")
    given().when(AddComment(post_id="p", author_id="u")).then(added)
    given(added).when(AddComment(post_id="p", author_id="u")).then_refused("comment_already_exists")
    given(added).when(RemoveComment(removed_by="u")).then(removed)
    given(added, removed).when(RemoveComment(removed_by="u")).then_refused("comment_not_there")
    given(added, removed).when(AddComment(post_id="p", author_id="u")).then_refused("comment_already_exists")
