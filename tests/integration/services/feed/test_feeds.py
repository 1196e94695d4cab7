"""A feed shows what the tables say, whatever happens to Redis, however often events come (I7, I10)."""

import threading
from typing import Any

import pytest
import redis
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kit.exceptions import InvalidParameter
from nova.services.feed import changes as feed_changes
from nova.services.feed import queries as feed_queries
from nova.services.feed.cache import FeedCache, feed_cache
from nova.services.feed.changes import show_all_changes
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.queries import feed, get_post
from outbox.api import group_named
from tests.support.feeds import (
    at,
    expected_feed,
    follow,
    gone,
    handle,
    ids,
    named,
    post,
    removal,
    renamed,
    status,
    unfollow,
    whole_feed,
)

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

HANDLERS = group_named("feed-service").handlers


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


@pytest.fixture
def short_feeds(settings: Any) -> int:
    settings.NOVA_FEED_LENGTH = 5
    return 5


@pytest.fixture
def no_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def told(*payloads: Any) -> None:
    handle(HANDLERS, *payloads)


def told_elsewhere(payload: Any) -> None:
    told(payload)
    connection.close()


def test_a_post_is_fanned_out_to_each_followers_feed_by_its_creation_time(client):
    told(follow("bob"), follow("cem"))
    told(post("p1", minute=1), post("p2", minute=2))
    for follower in ("bob", "cem"):
        assert client.zrange(f"feed:{follower}", 0, -1, withscores=True) == [
            (b"p1", at(1).timestamp()),
            (b"p2", at(2).timestamp()),
        ]
    assert client.exists("post:p1") == 1
    assert client.exists("feed:ann") == 0


def test_a_feed_is_newest_first_with_the_authors_names():
    told(named("ann", "Ann A."), follow("bob"), post("p1", minute=1), post("p2", minute=2))
    assert [(view.post_id, view.author_name) for view in feed("bob").items] == [("p2", "Ann A."), ("p1", "Ann A.")]


def test_a_new_follower_gets_the_posts_that_were_there():
    told(post("p1"))
    assert ids(whole_feed("bob")) == []
    told(follow("bob"))
    assert ids(whole_feed("bob")) == ["p1"]


def test_posts_of_somebody_no_longer_followed_leave_the_feed(client):
    told(post("p1"), post("p2", "cem"), follow("bob", "ann"), follow("bob", "cem"))
    assert set(ids(whole_feed("bob"))) == {"p1", "p2"}
    told(unfollow("bob", "ann"))
    assert client.zrange("feed:bob", 0, -1) == [b"p2"]
    assert ids(whole_feed("bob")) == ["p2"]
    told(post("p3", minute=5))
    assert ids(whole_feed("bob")) == ["p2"]
    told(follow("bob", "ann"))
    assert ids(whole_feed("bob")) == ["p3", "p2", "p1"]


def test_a_follow_that_comes_after_its_end_does_not_begin_again():
    told(post("p1"))
    handle(HANDLERS, unfollow("bob"), minute=2)
    handle(HANDLERS, follow("bob"), minute=1)
    assert whole_feed("bob") == []
    handle(HANDLERS, follow("bob"), minute=3)
    assert ids(whole_feed("bob")) == ["p1"]


def test_a_post_that_reaches_redis_beside_an_unfollowing_is_left_out(client):
    told(post("p1"), follow("bob"))
    whole_feed("bob")
    place = feed_cache().posts(["p1"])["p1"].place
    told(unfollow("bob"))
    feed_cache().add(["bob"], [place])
    # The first reading builds the feed around what is there, the second is served by Redis.
    assert [whole_feed("bob"), whole_feed("bob")] == [[], []]
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]


@pytest.mark.parametrize("profile_first", [True, False])
def test_a_user_name_that_changes_alone_leaves_the_rest_of_the_profile(profile_first):
    profile, change = (named("ann", "", minute=1), 1), (renamed("ann", "anne"), 2)
    for payload, minute in [profile, change] if profile_first else [change, profile]:
        handle(HANDLERS, payload, minute=minute)
    told(post("p1"), follow("bob"))
    assert [one.author_name for one in whole_feed("bob")] == ["anne"]
    handle(HANDLERS, named("ann", "The Ann", minute=3), renamed("ann", "late"), minute=1)
    assert [one.author_name for one in whole_feed("bob")] == ["The Ann"]
    assert FeedAuthor.objects.get().username == "ann"


def test_a_changed_name_shows_in_what_is_cached():
    told(named("ann", "Ann"), follow("bob"), post("p1"))
    assert feed("bob").items[0].author_name == "Ann"
    told(named("ann", "Anna", minute=5))
    assert feed("bob").items[0].author_name == "Anna"
    told(named("ann", "Late", minute=4))
    assert feed("bob").items[0].author_name == "Anna"


def test_a_deleted_post_leaves_feeds_and_cache(client):
    told(follow("bob"), post("p1"), post("p2", minute=1))
    assert ids(whole_feed("bob")) == ["p2", "p1"]
    told(removal("p2"))
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]
    assert client.exists("post:p2") == 0
    assert ids(whole_feed("bob")) == ["p1"]
    with pytest.raises(PostNotFound):
        get_post("p2")
    assert FeedPost.objects.get(post_id="p2").caption == ""


def test_an_archived_post_is_out_and_a_published_one_in_again(client):
    told(follow("bob"), post("p1"))
    told(status("p1", "archived"))
    assert ids(whole_feed("bob")) == []
    assert client.exists("post:p1") == 0
    told(status("p1", "published", minute=61))
    assert ids(whole_feed("bob")) == ["p1"]


def test_posts_of_a_deleted_author_leave_feeds(client):
    told(follow("bob"), follow("bob", "cem"), post("p1"), post("p2", "cem"))
    told(gone("ann"))
    assert client.zrange("feed:bob", 0, -1) == [b"p2"]
    assert ids(whole_feed("bob")) == ["p2"]
    with pytest.raises(PostNotFound):
        get_post("p1")


def test_an_author_deleted_for_good_leaves_no_words_and_no_name():
    told(named("ann", "Ann"), follow("bob"), post("p1"))
    told(gone("ann", soft=False))
    told(post("p1"), post("p2", minute=9), named("ann", "Ann", minute=200))
    author = FeedAuthor.objects.get(user_id="ann")
    assert (author.username, author.display_name) == ("", "")
    assert list(FeedPost.objects.values_list("post_id", "caption")) == [("p1", "")]
    assert ids(whole_feed("bob")) == []


def test_pages_follow_each_other_and_survive_posts_of_one_instant():
    told(follow("bob"), *[post(f"p{number:02}", minute=number // 4) for number in range(21)])
    expected = [f"p{number:02}" for number in reversed(range(21))]
    for limit in (1, 2, 3, 20, 21, 50):
        assert ids(whole_feed("bob", limit=limit)) == expected


def test_beyond_what_redis_keeps_the_tables_answer(short_feeds, client):
    told(follow("bob"), *[post(f"p{number:02}", minute=number) for number in range(12)])
    expected = [f"p{number:02}" for number in reversed(range(12))]
    for limit in (3, 5, 7, 50):
        assert ids(whole_feed("bob", limit=limit)) == expected
    assert client.zcard("feed:bob") == short_feeds
    assert client.get("feed-built:bob") == b"top"


def test_an_old_post_published_again_leaves_no_gap_before_it(short_feeds):
    told(follow("bob"), *[post(f"p{number:02}", minute=number) for number in range(12)])
    whole_feed("bob")
    told(removal("p11"), status("p00", "archived"))
    told(status("p00", "published", minute=61))
    expected = [f"p{number:02}" for number in reversed(range(11))]
    for limit in (2, 4, 5, 50):
        assert ids(whole_feed("bob", limit=limit)) == expected


def test_following_somebody_with_more_posts_than_a_feed_keeps_shows_them_all(short_feeds):
    told(
        *[post(f"p{number:02}", minute=number) for number in range(12)],
        follow("bob", "cem"),
        post("c", "cem", minute=99),
    )
    whole_feed("bob")
    told(follow("bob"))
    assert ids(whole_feed("bob", limit=4)) == ["c", *[f"p{number:02}" for number in reversed(range(12))]]


def test_redis_emptied_heals_on_reading(client):
    told(named("ann", "Ann"), follow("bob"), post("p1"), post("p2", minute=1))
    before = whole_feed("bob")
    client.flushdb()
    assert whole_feed("bob") == before
    assert client.get("feed-built:bob") == b"all"
    assert whole_feed("bob") == before
    assert client.exists("post:p1", "author:ann") == 2


def test_a_post_after_redis_was_emptied_does_not_hide_the_older_ones(client):
    told(follow("bob"), post("p1"))
    whole_feed("bob")
    client.flushdb()
    told(post("p2", minute=1))
    assert ids(whole_feed("bob")) == ["p2", "p1"]


def test_an_evicted_feed_is_built_anew(client):
    told(follow("bob"), post("p1"))
    whole_feed("bob")
    client.delete("feed:bob")
    told(post("p2", minute=1))
    assert ids(whole_feed("bob")) == ["p2", "p1"]


def test_without_redis_feeds_come_from_the_tables_and_it_learns_later(no_redis, settings, redis_url, client):
    told(named("ann", "Ann"), follow("bob"), post("p1"))
    assert [(view.post_id, view.author_name) for view in whole_feed("bob")] == [("p1", "Ann")]
    assert get_post("p1").caption == "caption of p1"
    assert FeedPost.objects.filter(is_shown=False).exists()
    # When Redis is there again, beat tells it
    settings.REDIS_URL = redis_url
    assert show_all_changes() == 3
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]


def test_a_crash_between_commit_and_redis_is_made_good_later(monkeypatch, client):
    monkeypatch.setattr(feed_changes, "_show_quietly", lambda: None)
    told(follow("bob"), post("p1"))
    assert client.exists("feed:bob") == 0
    show_all_changes()
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]


def test_a_crash_after_redis_was_told_tells_it_again(monkeypatch, client):
    class Crash(BaseException):
        pass

    told(follow("bob"))
    original = FeedCache.add

    def add_and_die(self, *args):
        original(self, *args)
        raise Crash

    monkeypatch.setattr(FeedCache, "add", add_and_die)
    with pytest.raises(Crash):
        told(post("p1"))
    assert FeedPost.objects.filter(is_shown=False).count() == 1
    monkeypatch.undo()
    show_all_changes()
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]
    assert not FeedPost.objects.filter(is_shown=False).exists()


def test_what_is_rolled_back_never_reaches_redis(client):
    told(follow("bob"))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        told(post("p1"))
        raise ZeroDivisionError
    assert client.exists("feed:bob", "post:p1") == 0


def test_a_post_and_a_follow_at_once_do_not_miss_each_other(client):
    whole_feed("bob")
    # Given a follow that is not committed when the post is written, committed and shown
    with transaction.atomic():
        told(follow("bob"))
        other = threading.Thread(target=told_elsewhere, args=[post("p1")])
        other.start()
        other.join(30)
        assert not client.exists("feed:bob")
    # Then the follow, shown last, brings the post
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]
    assert ids(whole_feed("bob")) == ["p1"]


def test_a_post_fanned_out_while_the_feed_is_built_is_kept(monkeypatch):
    told(follow("bob"), post("p1"))
    feed_cache().forget_feed("bob")
    original = FeedCache.build

    def build_late(self, *args, **options):
        told(post("p2", minute=1))
        return original(self, *args, **options)

    monkeypatch.setattr(FeedCache, "build", build_late)
    feed("bob")
    monkeypatch.undo()
    assert ids(whole_feed("bob")) == ["p2", "p1"]


def test_a_feed_is_not_built_over_a_redis_emptied_meanwhile(monkeypatch, client):
    told(follow("bob"), post("p1"))
    feed_cache().forget_feed("bob")
    original = FeedCache.build

    def build_late(self, *args, **options):
        told(post("p2", minute=1))
        client.flushdb()
        return original(self, *args, **options)

    monkeypatch.setattr(FeedCache, "build", build_late)
    feed("bob")
    assert client.get("feed-built:bob") is None
    monkeypatch.undo()
    assert ids(whole_feed("bob")) == ["p2", "p1"]


def test_a_post_deleted_while_a_reader_fills_the_cache_does_not_come_back(monkeypatch, client):
    told(follow("bob"), post("p1"))
    client.delete("post:p1")
    deletion = threading.Thread(target=told_elsewhere, args=[removal("p1")])
    original = FeedCache.put_posts

    def put_late(self, posts):
        if threading.current_thread() is threading.main_thread():
            deletion.start()
            deletion.join(0.3)
            assert deletion.is_alive(), "the row must not change while its summary is being written"
        return original(self, posts)

    monkeypatch.setattr(FeedCache, "put_posts", put_late)
    assert get_post("p1").post_id == "p1"
    deletion.join(30)
    monkeypatch.undo()
    assert client.exists("post:p1") == 0
    with pytest.raises(PostNotFound):
        get_post("p1")


def test_a_hostile_user_id_meets_no_other_key():
    told(follow("ann:built"), follow("*"), follow("built:x\r\n"), post("p1"))
    assert ids(whole_feed("ann:built")) == ["p1"]
    assert ids(whole_feed("*")) == ["p1"]
    assert ids(whole_feed("built:x\r\n")) == ["p1"]


@pytest.mark.parametrize("cursor", ["", "x", "!!", "WzFd", "bnVsbA", "W251bGwsICJhIl0", "WzEsIlx1MDAwMCJd", "ä"])
def test_a_cursor_of_somebody_elses_making_is_refused(cursor):
    with pytest.raises(InvalidParameter, match="after"):
        feed("bob", before=cursor)


POSTS = st.sampled_from(["p1", "p2", "p3"])


@st.composite
def histories(draw: Any) -> list[Any]:
    """Messages as topics hold them: those of one post in order and with rising times, others anywhere between."""
    authors = {"p1": "ann", "p2": "ann", "p3": "cem"}
    steps = draw(
        st.lists(
            st.one_of(
                POSTS.map(lambda name: ("post", name)),
                st.tuples(st.sampled_from(["archived", "published", "removed"]), POSTS),
                st.tuples(st.sampled_from(["follow", "unfollow"]), st.sampled_from(["ann", "cem"])),
                st.tuples(st.just("gone"), st.sampled_from(["ann", "cem"])),
            ),
            max_size=14,
        )
    )
    messages: list[Any] = []
    seen: set[str] = set()
    for minute, (what, name) in enumerate(steps, start=1):
        if what == "follow":
            messages.append(follow("bob", name))
        elif what == "unfollow":
            messages.append(unfollow("bob", name))
        elif what == "gone":
            messages.append(gone(name))
        elif name not in seen:
            seen.add(name)
            messages.append(post(name, authors[name], minute=minute))
        elif what == "removed":
            messages.append(removal(name, author=authors[name], minute=minute))
        elif what != "post":
            messages.append(status(name, what, author=authors[name], minute=minute))
    return messages


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=histories(), data=st.data())
def test_delivering_any_suffix_again_converges(client, messages, data):
    for model in (FeedPost, FeedFollow, FeedAuthor):
        model.objects.all().delete()
    client.flushdb()
    # Given messages delivered in batches, with reads and emptied Redis between
    for message in messages:
        told(message)
        if data.draw(st.booleans()):
            whole_feed("bob")
        if data.draw(st.integers(0, 5)) == 0:
            client.flushdb()
    expected = expected_feed("bob", messages)
    assert ids(whole_feed("bob")) == expected
    # When some of the last ones are delivered again
    told(*messages[data.draw(st.integers(0, len(messages))) :])
    # Then the feed is the same, from Redis and from the tables
    assert ids(whole_feed("bob")) == expected
    assert ids(post.view for post in feed_queries._from_postgresql("bob", None, 100)) == expected
    client.flushdb()
    assert ids(whole_feed("bob")) == expected
