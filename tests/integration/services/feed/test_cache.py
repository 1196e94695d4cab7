"""Feeds in Redis are a cache: emptied, evicted, too short or away, it changes nothing but time (I10)."""

import pytest

from nova.services.feed.changes import show_all_changes
from nova.services.feed.models import FeedPost
from nova.services.feed.queries import get_post
from tests.support.feeds import (
    follow,
    ids,
    named,
    post,
    removal,
    status,
    told,
    whole_feed,
)

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


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


def test_what_nobody_asks_for_goes_in_time(client):
    """Redis evicts only what expires where it keeps Celery's queues too; feeds would fill it."""
    told(named("ann", "Ann"), follow("bob"), follow("cem"), post("p1"))
    assert ids(whole_feed("bob")) == ["p1"]
    told(post("p2", minute=1))
    lasting = {key.decode() for key in client.scan_iter() if client.ttl(key) == -1}
    assert lasting <= {"feeds:generation"}
    assert client.exists("feed:bob", "feed:cem") == 2
    assert client.ttl("feed:bob") > client.ttl("feed-built:bob") > 0


def test_without_redis_feeds_come_from_the_tables_and_it_learns_later(no_redis, settings, redis_url, client):
    told(named("ann", "Ann"), follow("bob"), post("p1"))
    assert [(view.post_id, view.author_name) for view in whole_feed("bob")] == [("p1", "Ann")]
    assert get_post("p1").caption == "caption of p1"
    assert FeedPost.objects.filter(is_shown=False).exists()
    # When Redis is there again, beat tells it
    settings.REDIS_URL = redis_url
    assert show_all_changes() == 3
    assert client.zrange("feed:bob", 0, -1) == [b"p1"]


def test_a_hostile_user_id_meets_no_other_key():
    told(follow("ann:built"), follow("*"), follow("built:x\r\n"), post("p1"))
    assert ids(whole_feed("ann:built")) == ["p1"]
    assert ids(whole_feed("*")) == ["p1"]
    assert ids(whole_feed("built:x\r\n")) == ["p1"]
