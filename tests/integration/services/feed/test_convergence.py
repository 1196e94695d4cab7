"""Feeds converge on the tables, whatever crashes, happens at once or comes again (I7, I10)."""

import threading
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nova.services.feed import changes as feed_changes
from nova.services.feed import queries as feed_queries
from nova.services.feed.cache import FeedCache, feed_cache
from nova.services.feed.changes import show_all_changes
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.queries import feed, get_post
from tests.support.feeds import (
    expected_feed,
    follow,
    gone,
    ids,
    post,
    removal,
    status,
    told,
    told_elsewhere,
    unfollow,
    whole_feed,
)

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


def test_a_crash_between_commit_and_redis_is_made_good_later(monkeypatch, client):
    monkeypatch.setattr(feed_changes, "_show_quietly", lambda _: None)
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


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
