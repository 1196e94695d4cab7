"""The rules of users, posts, uploads, conversations, follows, likes, shares and comments."""

from datetime import timedelta
from typing import Any

import pytest

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
from nova.services.identity.aggregates import ChangeEmail, ChangeName, CreateUser, DeactivateUser
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserDeleted,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserNameChanged,
    UserUpdated,
)
from nova.services.media.aggregates import CompleteUpload, FailUpload, StartUpload
from nova.services.media.events import MediaUploadCompleted, MediaUploadFailed, MediaUploadStarted
from nova.services.messages.aggregates import DeleteMessage, OpenConversation, PersistMessage, SwitchSearch
from nova.services.messages.events import (
    ConversationOpened,
    ConversationSearchSwitched,
    MessageDeleted,
    MessagePersisted,
)
from nova.services.social.aggregates.follow import FollowUser, UnfollowUser
from nova.services.social.aggregates.like import LikePost, UnlikePost
from nova.services.social.aggregates.share import SharePost
from nova.services.social.events import PostLiked, PostShared, PostUnliked, UserFollowed, UserUnfollowed

USER_CREATED = UserCreated(user_id=ID, email="ann@example.org", username="Ann", created_at=AT)
DEACTIVATED = UserDeactivated(user_id=ID, deactivated_at=AT)
CREATE_USER = CreateUser(email="ann@example.org", name="Ann")


def test_the_life_of_a_user() -> None:
    given().when(CREATE_USER).then(USER_CREATED).then_state(status="active", email="ann@example.org", name="Ann")
    given(USER_CREATED).when(ChangeEmail(email="a@b.org")).then(
        UserEmailChanged(user_id=ID, old_email="ann@example.org", new_email="a@b.org")
    ).then_state(email="a@b.org")
    given(USER_CREATED).when(ChangeName(name="Anne")).then(
        UserNameChanged(user_id=ID, old_name="Ann", new_name="Anne")
    ).then_state(name="Anne")
    given(USER_CREATED).when(DeactivateUser()).then(DEACTIVATED).then_state(status="inactive")


@pytest.mark.parametrize(
    ("before", "command", "code"),
    [
        ([USER_CREATED], CREATE_USER, "user_already_exists"),
        ([USER_CREATED, DEACTIVATED], CREATE_USER, "user_already_exists"),
        ([], ChangeEmail(email="a@b.org"), "user_not_active"),
        ([], DeactivateUser(), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], ChangeEmail(email="a@b.org"), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], ChangeName(name="x"), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], DeactivateUser(), "user_already_deactivated"),
        ([USER_CREATED, UserDeleted(user_id=ID, deleted_at=AT)], DeactivateUser(), "user_already_deactivated"),
    ],
)
def test_what_a_user_cannot_do(before: list[Any], command: Any, code: str) -> None:
    given(*before).when(command).then_refused(code)


def test_what_is_so_already_brings_nothing_about() -> None:
    given(USER_CREATED).when(ChangeEmail(email="ann@example.org")).then()
    given(USER_CREATED).when(ChangeName(name="Ann")).then()


def test_a_user_whom_other_services_wrote_down() -> None:
    opened = IdentityUserCreated(user_id=ID, username="ann", email="x@y.z", created_at=AT)
    changed = UserUpdated(user_id=ID, changes=[FieldChange(field="email", old="x@y.z", new="n@y.z")])
    given(opened, changed).when(ChangeName(name="Ann")).then_state(email="n@y.z", name="Ann", status="active")
    erased = IdentityUserDeleted(user_id=ID, deleted_at=AT, soft_delete=False)
    given(opened, erased).when(CREATE_USER).then_refused("user_already_exists")


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


def test_an_upload_ends_once() -> None:
    started = MediaUploadStarted(upload_id=ID, user_id="ann", file_name="a.jpg", started_at=AT)
    completed = MediaUploadCompleted(
        upload_id=ID, media_id="m1", user_id="ann", file_name="a.jpg", size_bytes=9, uploaded_at=AT
    )
    complete = CompleteUpload(media_id="m1", size_bytes=9)
    given().when(StartUpload(user_id="ann", file_name="a.jpg")).then(started)
    given(started).when(StartUpload(user_id="ann", file_name="a.jpg")).then_refused("upload_already_started")
    given(started).when(complete).then(completed)
    given(started).when(FailUpload(reason="lost")).then(
        MediaUploadFailed(upload_id=ID, user_id="ann", reason="lost", failed_at=AT)
    )
    given(started, completed).when(complete).then_refused("upload_not_running")
    given(completed).when(FailUpload(reason="lost")).then_refused("upload_not_running")
    given().when(complete).then_refused("upload_not_running")


def opened(*, encrypted: bool, search: bool) -> ConversationOpened:
    return ConversationOpened(
        conversation_id=ID, opened_by="ann", end_to_end_encrypted=encrypted, search_enabled=search, opened_at=AT
    )


def message(content: str | None) -> MessagePersisted:
    return MessagePersisted(message_id="m1", conversation_id=ID, sender_id="ann", created_at=AT, content=content)


SEND = PersistMessage(message_id="m1", sender_id="ann", content="secret")


def test_text_is_kept_only_where_search_is_on() -> None:
    given(opened(encrypted=False, search=True)).when(SEND).then(message("secret"))
    given(opened(encrypted=False, search=False)).when(SEND).then(message(None))
    switched_off = ConversationSearchSwitched(conversation_id=ID, enabled=False)
    given(opened(encrypted=False, search=True), switched_off).when(SEND).then(message(None))


def test_a_conversation_encrypted_from_end_to_end_never_has_text() -> None:
    encrypted = opened(encrypted=True, search=False)
    given(encrypted).when(SEND).then_refused("plaintext_forbidden")
    given(encrypted).when(PersistMessage(message_id="m1", sender_id="ann")).then(message(None))
    given(encrypted).when(SwitchSearch(enabled=True)).then_refused("plaintext_forbidden")
    given().when(OpenConversation(opened_by="ann", end_to_end_encrypted=True, search_enabled=True)).then_refused(
        "plaintext_forbidden"
    )
    # Not even when somebody else wrote down that search is on.
    forced = ConversationSearchSwitched(conversation_id=ID, enabled=True)
    given(opened(encrypted=True, search=True), forced).when(SEND).then_refused("plaintext_forbidden")


def test_a_message_comes_and_goes_once() -> None:
    talk = opened(encrypted=False, search=True)
    deleted = MessageDeleted(message_id="m1", conversation_id=ID, deleted_at=AT)
    given(talk, message(None)).when(SEND).then_refused("message_already_persisted")
    given(talk, message(None)).when(DeleteMessage(message_id="m1")).then(deleted)
    given(talk, message(None), deleted).when(DeleteMessage(message_id="m1")).then_refused("message_not_there")
    given(talk, message(None), deleted).when(SEND).then_refused("message_already_persisted")
    given(talk).when(OpenConversation(opened_by="b", end_to_end_encrypted=False)).then_refused(
        "conversation_already_open"
    )
    given().when(SEND).then_refused("conversation_not_found")


def test_nobody_follows_twice_or_themselves() -> None:
    follow, unfollow = FollowUser(follower_id="a", followed_id="b"), UnfollowUser(follower_id="a", followed_id="b")
    followed, unfollowed = (kind(follower_id="a", followed_id="b") for kind in (UserFollowed, UserUnfollowed))
    given().when(follow, aggregate_id="a:b").then(followed)
    given(followed).when(follow, aggregate_id="a:b").then_refused("already_following")
    given(followed).when(unfollow, aggregate_id="a:b").then(unfollowed)
    given(followed, unfollowed).when(follow, aggregate_id="a:b").then(followed)
    given().when(unfollow, aggregate_id="a:b").then_refused("not_following")
    given().when(FollowUser(follower_id="a", followed_id="a"), aggregate_id="a:a").then_refused("cannot_follow_oneself")


def test_the_id_of_a_pair_is_the_pair() -> None:
    given().when(FollowUser(follower_id="a", followed_id="b"), aggregate_id="a:c").then_refused("not_this_pair")
    given().when(LikePost(post_id="p:u", user_id="v"), aggregate_id="p:u:v").then_refused("not_this_pair")


def test_nobody_likes_twice() -> None:
    like, unlike = LikePost(post_id="p", user_id="u"), UnlikePost(post_id="p", user_id="u")
    liked, unliked = PostLiked(post_id="p", user_id="u"), PostUnliked(post_id="p", user_id="u")
    given().when(like, aggregate_id="p:u").then(liked)
    given(liked).when(like, aggregate_id="p:u").then_refused("already_liked")
    given(liked).when(unlike, aggregate_id="p:u").then(unliked)
    given(liked, unliked).when(like, aggregate_id="p:u").then(liked)
    given().when(unlike, aggregate_id="p:u").then_refused("not_liked")


def test_a_share_and_a_comment_happen_once() -> None:
    shared = PostShared(post_id="p", sharer_id="u")
    given().when(SharePost(post_id="p", sharer_id="u")).then(shared)
    given(shared).when(SharePost(post_id="p", sharer_id="u")).then_refused("already_shared")
    added = CommentAdded(comment_id=ID, post_id="p", author_id="u")
    removed = CommentRemoved(comment_id=ID, post_id="p", removed_by="u")
    given().when(AddComment(post_id="p", author_id="u")).then(added)
    given(added).when(AddComment(post_id="p", author_id="u")).then_refused("comment_already_exists")
    given(added).when(RemoveComment(removed_by="u")).then(removed)
    given(added, removed).when(RemoveComment(removed_by="u")).then_refused("comment_not_there")
    given(added, removed).when(AddComment(post_id="p", author_id="u")).then_refused("comment_already_exists")


def test_the_kit_says_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match="refused with 'user_not_active'"):
        given().when(DeactivateUser()).then(DEACTIVATED)
    with pytest.raises(AssertionError, match=r"but there happened\n  UserDeactivated"):
        given(USER_CREATED).when(DeactivateUser()).then(USER_CREATED)
    with pytest.raises(AssertionError, match="but there happened"):
        given().when(CREATE_USER).then_refused("user_not_active")
    with pytest.raises(AssertionError, match="it was 'user_already_exists'"):
        given(USER_CREATED).when(CREATE_USER).then_refused("user_not_active")
    with pytest.raises(AssertionError, match="inactive"):
        given(USER_CREATED).when(DeactivateUser()).then_state(status="active")
