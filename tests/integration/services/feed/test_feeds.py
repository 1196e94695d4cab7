"""A feed shows what the tables say: posts of those who are followed, newest first, by the names of today."""

import pytest

from kit.exceptions import InvalidParameter
from nova.services.feed.cache import feed_cache
from nova.services.feed.exceptions import PostNotFound
from nova.services.feed.models import FeedAuthor, FeedPost
from nova.services.feed.queries import feed, get_post
from tests.support.feeds import (
    at,
    follow,
    gone,
    ids,
    named,
    post,
    removal,
    renamed,
    status,
    told,
    unfollow,
    whole_feed,
)

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


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
    told(unfollow("bob"), minute=2)
    told(follow("bob"), minute=1)
    assert whole_feed("bob") == []
    told(follow("bob"), minute=3)
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
        told(payload, minute=minute)
    told(post("p1"), follow("bob"))
    assert [one.author_name for one in whole_feed("bob")] == ["anne"]
    told(named("ann", "The Ann", minute=3), renamed("ann", "late"), minute=1)
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
    # A post that is heard of later is a row as well, without words and deleted: as if it had come before.
    assert sorted(FeedPost.objects.values_list("post_id", "caption")) == [("p1", ""), ("p2", "")]
    assert not FeedPost.objects.filter(deleted_at=None).exists()
    assert ids(whole_feed("bob")) == []


def test_pages_follow_each_other_and_survive_posts_of_one_instant():
    told(follow("bob"), *[post(f"p{number:02}", minute=number // 4) for number in range(21)])
    expected = [f"p{number:02}" for number in reversed(range(21))]
    for limit in (1, 2, 3, 20, 21, 50):
        assert ids(whole_feed("bob", limit=limit)) == expected


@pytest.mark.parametrize("cursor", ["", "x", "!!", "WzFd", "bnVsbA", "W251bGwsICJhIl0", "WzEsIlx1MDAwMCJd", "ä"])
def test_a_cursor_of_somebody_elses_making_is_refused(cursor):
    with pytest.raises(InvalidParameter, match="after"):
        feed("bob", before=cursor)
