"""A post of somebody whom many follow reaches their feeds in slices, and nobody else waits for it (B2)."""

import pytest
from django.db import transaction

from nova.services.feed import changes
from nova.services.feed.cache import FeedCache
from nova.services.feed.changes import fan_out_slice, show_all_changes, show_changes
from nova.services.feed.models import FeedPost
from nova.services.feed.tasks import show_feed_changes
from tests.support.feeds import follow, gone, ids, post, removal, told, unfollow, whole_feed
from tests.support.threads import in_another_thread

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url", "woken")

FANS = [f"fan-{number}" for number in range(5)]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Slices of two, for whom more than three follow; the tasks that workers were woken for."""
    tasks: list[str] = []
    monkeypatch.setattr(changes, "MAX_FOLLOWERS", 3)
    monkeypatch.setattr(changes, "SLICE", 2)
    monkeypatch.setattr(changes, "wake_task", tasks.append)
    told(*[follow(fan) for fan in FANS])
    return tasks


def having(client, post_id="p1"):
    """Whose feeds in Redis have the post."""
    return [fan for fan in FANS if client.zscore(f"feed:{fan}", post_id) is not None]


def test_workers_tell_the_feeds_in_slices_and_others_posts_do_not_wait(client, woken):
    told(follow("bob", "cem"))
    told(post("p1"), post("p2", "cem"))
    assert (having(client), client.zrange("feed:bob", 0, -1), woken) == ([], [b"p2"], [show_feed_changes.name])
    told_after = []
    while fan_out_slice():
        told_after.append(len(having(client)))
    assert told_after == [2, 4, 5]
    assert FeedPost.objects.filter(post_id="p1", is_shown=True, fan_out_after=None).exists()
    assert ids(whole_feed("fan-0")) == ["p1"]


def test_a_worker_that_dies_is_followed_by_one_that_goes_on(client, monkeypatch):
    told(post("p1"))
    fan_out_slice()
    with monkeypatch.context() as dying:
        dying.setattr(FeedCache, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fan_out_slice()
    assert FeedPost.objects.get().fan_out_after == "fan-1"
    show_all_changes()
    assert having(client) == FANS


def test_what_changes_on_the_way_begins_anew(client):
    told(post("p1"))
    fan_out_slice()
    assert having(client) == FANS[:2]
    told(removal("p1"))
    assert FeedPost.objects.get().fan_out_after == ""
    show_all_changes()
    assert (having(client), FeedPost.objects.get().is_shown) == ([], True)


def test_an_author_who_goes_on_the_way_is_told_to_nobody_more(client):
    told(post("p1"))
    fan_out_slice()
    told(gone("ann"))
    show_all_changes()
    assert having(client) == []


def test_who_follows_on_the_way_gets_the_post_and_who_leaves_does_not(client):
    told(post("p1"))
    fan_out_slice()
    fan_out_slice()
    told(follow("earlier"), unfollow("fan-4"), minute=1)
    show_all_changes()
    assert (having(client), client.zrange("feed:earlier", 0, -1)) == (FANS[:4], [b"p1"])


def test_two_workers_take_different_posts():
    told(post("p1"), post("p2", minute=1))
    with transaction.atomic():
        fan_out_slice()
        in_another_thread(fan_out_slice)
    assert set(FeedPost.objects.values_list("fan_out_after", flat=True)) == {"fan-1"}


def test_redis_that_was_emptied_on_the_way_is_right_in_the_end(client):
    told(post("p1"))
    fan_out_slice()
    client.flushall()
    assert [ids(whole_feed(fan)) for fan in FANS] == [["p1"]] * 5
    show_feed_changes()
    assert [ids(whole_feed(fan)) for fan in FANS] == [["p1"]] * 5
    assert having(client) == FANS


def test_told_at_once_all_would_wait(client, monkeypatch):
    """The planted fault: the first test must see it."""
    monkeypatch.setattr(changes, "MAX_FOLLOWERS", 1_000)
    told(post("p1"))
    assert (having(client), show_changes(), fan_out_slice()) == (FANS, 0, 0)
