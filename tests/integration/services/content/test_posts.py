"""Posts are what the log says of them: their words, what became of them, and how often they were liked (B2)."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from rest_framework.test import APIClient

from events.api import Expected, NewEvent, StreamId, append_events, append_only, execute
from kit.exceptions import InvalidParameter
from nova.services.content.aggregates.comment import AddComment, RemoveComment
from nova.services.content.aggregates.post import ArchivePost, CreatePost, DeletePost, PublishPost, RevisePost
from nova.services.content.events import (
    CommentAdded,
    CommentRemoved,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostStatusUpdated,
    PostCreated,
    PostDeleted,
)
from nova.services.content.exceptions import PostNotKnown
from nova.services.content.models import Comment, Post, PostLike
from nova.services.content.posts import PostsProjection
from nova.services.content.queries import get_post, list_comments, list_posts
from nova.services.identity.events import IdentityUserDeleted
from nova.services.social.aggregates.like import LikePost, UnlikePost
from nova.services.social.aggregates.share import SharePost
from nova.services.social.events import PostLiked, PostShared, PostUnliked
from projections.api import verify
from tests.support.callers import client_with
from tests.support.projections import NOON, catch_up, deleted
from tests.support.store import appending

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def log_only() -> Iterator[None]:
    with appending(append_only):
        yield


def told(*payloads: Struct) -> None:
    for payload in payloads:
        stream = StreamId("user" if isinstance(payload, IdentityUserDeleted) else "post", "any")
        append_events(stream, Expected.ANY, [NewEvent(payload=payload)])
    catch_up(PostsProjection())


def post(post_id: str = "p", author: str = "ann", *, minute: int = 0, **fields: Any) -> ContentPostCreated:
    values = {"caption": f"of {post_id}", "media_type": "none", "status": "published"} | fields
    return ContentPostCreated(post_id=post_id, user_id=author, created_at=NOON + timedelta(minutes=minute), **values)


def like(post_id: str, user_id: str) -> PostLiked:
    return PostLiked(post_id=post_id, user_id=user_id)


def removal(post_id: str) -> ContentPostDeleted:
    return ContentPostDeleted(post_id=post_id, user_id="ann", deleted_at=NOON)


def ids(**filters: Any) -> list[str]:
    return [one.post_id for one in list_posts(**filters).items]


def counts(post_id: str = "p") -> tuple[int, int, int]:
    found = get_post(post_id)
    return found.like_count, found.share_count, found.comment_count


def test_a_post_is_what_its_commands_have_brought_about() -> None:
    execute("p", CreatePost(author_id="ann", caption="tea", media_type="image", status="draft"))
    execute("p", PublishPost())
    execute("p", RevisePost(editor_id="ann"))
    for user in ("bob", "cem"):
        execute(f"p:{user}", LikePost(post_id="p", user_id=user))
    execute("p:cem", UnlikePost(post_id="p", user_id="cem"))
    execute("s", SharePost(post_id="p", sharer_id="bob"))
    execute("c1", AddComment(post_id="p", author_id="bob"))
    execute("c2", AddComment(post_id="p", author_id="cem"))
    execute("c1", RemoveComment(removed_by="ann"))
    catch_up(PostsProjection())

    found = get_post("p")
    assert (found.author_id, found.caption, found.media_type) == ("ann", "tea", "image")
    assert (found.status, found.text_version, counts()) == ("published", 2, (1, 1, 1))
    assert [(one.comment_id, one.author_id) for one in list_comments(post_id="p").items] == [("c2", "cem")]
    execute("p", ArchivePost())
    catch_up(PostsProjection())
    assert (get_post("p").status, ids(), ids(status="archived")) == ("archived", [], ["p"])


def test_a_deleted_post_loses_its_words_comments_and_likes_and_is_not_listed() -> None:
    told(post(), like("p", "bob"), CommentAdded(comment_id="c", post_id="p", author_id="bob"))
    execute("p", CreatePost(author_id="ann", caption="tea"))
    execute("p", DeletePost())
    told(like("p", "cem"), CommentAdded(comment_id="d", post_id="p", author_id="bob"), post(caption="again"))
    found = get_post("p")
    assert (found.status, found.caption, counts()) == ("deleted", "", (0, 0, 0))
    assert (ids(), PostLike.objects.count(), Comment.objects.count()) == ([], 0, 0)


def test_nobody_is_counted_twice_and_nothing_below_zero() -> None:
    told(post(), like("p", "bob"), like("p", "bob"), PostUnliked(post_id="p", user_id="cem"))
    assert counts() == (1, 0, 0)
    told(PostUnliked(post_id="p", user_id="bob"), PostUnliked(post_id="p", user_id="bob"))
    assert counts() == (0, 0, 0)


def test_what_is_counted_before_a_post_is_known_is_not_lost() -> None:
    told(like("p", "bob"), PostShared(post_id="p", sharer_id="bob"))
    with pytest.raises(PostNotKnown):
        get_post("p")
    assert ids() == []
    told(post())
    assert (counts(), get_post("p").caption, ids()) == ((1, 1, 0), "of p", ["p"])


def test_a_post_that_others_wrote_down_is_known_without_words() -> None:
    told(PostCreated(post_id="p", author_id="ann", created_at=NOON))
    assert (get_post("p").author_id, get_post("p").caption, ids()) == ("ann", "", ["p"])
    told(PostDeleted(post_id="p", deleted_by="ann"))
    assert (get_post("p").status, ids()) == ("deleted", [])


def test_of_a_user_deleted_for_good_nothing_is_left_and_nothing_comes_back() -> None:
    told(post("hers"), post("bobs", "bob"), like("bobs", "ann"), like("bobs", "cem"), like("hers", "bob"))
    told(CommentAdded(comment_id="c", post_id="bobs", author_id="ann"))
    told(deleted("ann", soft=True))
    assert (ids(), counts("bobs")) == (["hers", "bobs"], (2, 0, 1))

    told(deleted("ann", soft=False))
    told(post("late"), like("bobs", "ann"), CommentAdded(comment_id="d", post_id="bobs", author_id="ann"))

    assert (ids(), counts("bobs"), counts("hers")) == (["bobs"], (1, 0, 0), (0, 0, 0))
    assert set(Post.objects.filter(author_id="ann").values_list("status", "caption")) == {("deleted", "")}
    assert not Comment.objects.exists()
    assert list(PostLike.objects.values_list("user_id", flat=True)) == ["cem"]


def test_posts_are_listed_newest_or_most_liked_first_by_author_and_status() -> None:
    told(post("a", minute=1), post("b", "bob", minute=2), post("c", minute=3), post("d", status="draft"))
    told(like("a", "x"), like("a", "y"), like("b", "x"))
    assert ids() == ["c", "b", "a"]
    assert ids(order="most_liked") == ["a", "b", "c"]
    assert (ids(author_id="ann"), ids(status="draft")) == (["c", "a"], ["d"])
    assert ids(author_id="ann", order="most_liked") == ["a", "c"]


@pytest.mark.parametrize("order", ["newest", "most_liked"])
def test_pages_follow_each_other_and_survive_what_is_alike(order: str) -> None:
    told(*[post(f"p{number}", minute=number // 3) for number in range(8)])
    told(*[like(f"p{number}", user) for number in range(3, 8) for user in "xy"[: number // 3]])
    seen, after = [], None
    while True:
        page = list_posts(order=order, after=after, limit=3)
        seen += [one.post_id for one in page.items]
        if (after := page.next) is None:
            break
    assert len(seen) == 8
    assert seen == ids(order=order)


def test_comments_are_read_page_by_page_oldest_first() -> None:
    told(post(), *[CommentAdded(comment_id=name, post_id="p", author_id="bob") for name in "cab"])
    first = list_comments(post_id="p", limit=2)
    second = list_comments(post_id="p", limit=2, after=first.next)
    assert [one.comment_id for one in (*first.items, *second.items)] == ["c", "a", "b"]
    assert (second.next, list_comments(post_id="none").items) == (None, [])


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzFd", "WyIyMDI1LTAxLTE1IiwgInAiXQ", "WzEsIlx1MDAwMCJd", "ä"])
@pytest.mark.parametrize("order", ["newest", "most_liked"])
def test_a_cursor_of_somebody_elses_making_is_refused(order: str, cursor: str) -> None:
    with pytest.raises(InvalidParameter, match="after"):
        list_posts(order=order, after=cursor)


def test_posts_and_comments_are_read_over_http() -> None:
    told(post("a/b", minute=1), post("c"), like("c", "x"), CommentAdded(comment_id="k", post_id="c", author_id="x"))
    api = client_with("read-models:read")
    first = api.get("/api/v1/content/posts", {"limit": 1}).json()
    assert [one["post_id"] for one in first["items"]] == ["a/b"]
    second = api.get("/api/v1/content/posts", {"limit": 1, "after": first["next"]}).json()
    assert ([one["post_id"] for one in second["items"]], second["next"]) == (["c"], None)
    assert api.get("/api/v1/content/posts/a%2Fb").json()["caption"] == "of a/b"
    assert api.get("/api/v1/content/posts", {"order": "most_liked"}).json()["items"][0]["like_count"] == 1
    assert [one["comment_id"] for one in api.get("/api/v1/content/comments?post_id=c").json()["items"]] == ["k"]
    assert api.get("/api/v1/content/posts/none").json()["type"].endswith("post-not-found")


@pytest.mark.parametrize("address", ["content/posts", "content/posts/p", "content/comments?post_id=p"])
def test_reading_needs_the_scope(address: str) -> None:
    assert client_with("events:read").get(f"/api/v1/{address}").status_code == 403
    assert APIClient().get(f"/api/v1/{address}").status_code == 401


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("content/posts?limit=0", "limit"),
        ("content/posts?status=deleted", "status"),
        ("content/posts?order=best", "order"),
        ("content/posts?author_id=%00", "author_id"),
        ("content/posts?after=x", "after"),
        ("content/posts/a%00b", "post_id"),
        ("content/comments", "post_id"),
        ("content/comments?post_id=p&after=W10", "after"),
    ],
)
def test_a_wrong_parameter_is_named(address: str, parameter: str) -> None:
    answer = client_with("read-models:read").get(f"/api/v1/{address}")
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def payloads() -> st.SearchStrategy[Struct]:
    """Any event of posts, in any order, of few posts and users."""
    posts, users = st.sampled_from(["p1", "p2"]), st.sampled_from(["ann", "bob"])
    comments, minutes = st.sampled_from(["c1", "c2", "c3"]), st.integers(0, 9)
    return st.one_of(
        st.builds(lambda post_id, user, minute: post(post_id, user, minute=minute), posts, users, minutes),
        st.builds(
            ContentPostStatusUpdated,
            post_id=posts,
            user_id=users,
            new_status=st.sampled_from(["draft", "published", "archived", "deleted"]),
            updated_at=st.just(NOON),
        ),
        st.builds(removal, posts),
        st.builds(like, posts, users),
        st.builds(PostUnliked, post_id=posts, user_id=users),
        st.builds(PostShared, post_id=posts, sharer_id=users),
        st.builds(CommentAdded, comment_id=comments, post_id=posts, author_id=users),
        st.builds(CommentRemoved, comment_id=comments, post_id=posts, removed_by=users),
        st.builds(deleted, users, soft=st.booleans()),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(payloads(), max_size=25))
def test_counts_are_those_of_the_rows_whatever_the_log_says(events: list[Struct]) -> None:
    told(*events)
    likes = Counter(PostLike.objects.values_list("post_id", flat=True))
    comments = Counter(Comment.objects.values_list("post_id", flat=True))
    for row in Post.objects.all():
        assert (row.like_count, row.comment_count) == (likes[row.post_id], comments[row.post_id])
        assert row.status != "deleted" or (row.caption, row.like_count, row.comment_count) == ("", 0, 0)
    assert verify(PostsProjection()) is None


def test_a_lost_like_is_found_by_verification() -> None:
    """The planted fault: the test above must see it."""
    told(post(), like("p", "bob"))
    Post.objects.update(like_count=7)
    assert "like_count" in str(verify(PostsProjection()))
