"""Redis is emptied again and again while people write, follow and are renamed: soon all caches are right (I10)."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from django.db import connection

from events.api import CommandRefused, execute
from nova.services.content.aggregates.post import ArchivePost, CreatePost, DeletePost
from nova.services.content.models import KnownUser, Post, Upload
from nova.services.content.pending_media import pending_media
from nova.services.content.posts import PostsProjection
from nova.services.content.user_copies import LocalUser, local_user
from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.tasks import show_feed_changes
from nova.services.identity.aggregates import ChangeName, CreateUser
from nova.services.media.aggregates import CompleteUpload, StartUpload
from nova.services.social.aggregates.follow import FollowUser, UnfollowUser
from outbox.api import group_named, relay_runner
from outbox.hosting.runners import consumer_runner
from outbox.models import DeadLetter, OutboxEvent
from tests.integration.services.conftest import equal_to_the_log
from tests.support.feeds import whole_feed
from tests.support.outbox import eventually, hosted
from tests.support.projections import catch_up

__all__ = ["equal_to_the_log"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.usefixtures("recording", "redis_url", "kafka", "prefix", "equal_to_the_log"),
]

USERS = [f"user-{number:02}" for number in range(12)]
LOAD_SECONDS = 12.0
FLUSH_INTERVAL = 0.4
HEALED_WITHIN = 30.0
STARTED_WITHIN = 120.0
"""Seconds. A young broker makes all topics first, some hundred partitions, and the groups hear of them one by one."""


def write(chance: random.Random) -> None:
    """Somebody uploads or writes something, or takes back what was written."""
    author, number = chance.choice(USERS), chance.getrandbits(64)
    upload = f"upload-{number}"
    execute(upload, StartUpload(user_id=author, file_name="cat.jpg"))
    execute(upload, CompleteUpload(media_id=f"media-{number}", size_bytes=1))
    if chance.random() < 0.7:
        execute(f"post-{number}", CreatePost(author_id=author, caption=f"of {author}", media_type="image"))
    if chance.random() < 0.3:
        execute(f"post-{number}", chance.choice([ArchivePost(), DeletePost()]))


def follow(chance: random.Random) -> None:
    """Somebody follows another one, or does so no more."""
    follower, followed = chance.sample(USERS, 2)
    kind = chance.choice([FollowUser, FollowUser, UnfollowUser])
    execute(f"{follower}:{followed}", kind(follower_id=follower, followed_id=followed))


def rename(chance: random.Random) -> None:
    """Somebody takes another name."""
    execute(chance.choice(USERS), ChangeName(name=f"name {chance.getrandbits(32)}"))


def read(chance: random.Random) -> None:
    """Somebody looks, which fills the caches."""
    user_id = chance.choice(USERS)
    whole_feed(user_id, limit=200)
    local_user(user_id)
    pending_media(user_id)


@contextmanager
def going_on(*works: Callable[[random.Random], None]) -> Iterator[dict[str, int]]:
    """Each work again and again, in a thread of its own; how often each was done."""
    stopped = threading.Event()
    done = dict.fromkeys((work.__name__ for work in works), 0)
    failed: list[BaseException] = []

    def run(work: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not stopped.wait(0.01):
                try:
                    work(chance)
                except CommandRefused:
                    continue
                done[work.__name__] += 1
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work, seed)) for seed, work in enumerate(works)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert failed == []


def wrong(client: redis.Redis) -> list[str]:
    """What is read, or lies in Redis, that is not what the tables say."""
    posts = FeedPost.objects.filter(status="published", deleted_at=None, created_at__isnull=False)
    place = {one.post_id: (one.score, one.post_id) for one in posts}
    names = {one.user_id: one.username for one in FeedAuthor.objects.all()}
    author_of = {one.post_id: one.author_id for one in posts}
    found = []
    for user_id in USERS:
        followed = set(
            FeedFollow.objects.filter(follower_id=user_id, is_following=True).values_list("followed_id", flat=True)
        )
        expected = sorted((one for one, author in author_of.items() if author in followed), key=place.__getitem__)[::-1]
        views = whole_feed(user_id, limit=200)
        if [one.post_id for one in views] != expected:
            found.append(f"feed of {user_id}")
        if any(one.author_name != names[one.author_id] for one in views):
            found.append(f"names in the feed of {user_id}")
        members = set(map(bytes.decode, client.zrange(f"feed:{user_id}", 0, -1)))  # type: ignore[arg-type]
        if client.get(f"feed-built:{user_id}") == b"all" and members != set(expected):
            found.append(f"feed:{user_id}")
        row = KnownUser.objects.get(user_id=user_id)
        if local_user(user_id) != LocalUser(id=user_id, username=row.username, email=row.email):
            found.append(f"user:{user_id}")
        waiting = Upload.objects.filter(user_id=user_id, taken_by="", is_deleted=False)
        if {one.upload_id for one in pending_media(user_id)} != set(waiting.values_list("upload_id", flat=True)):
            found.append(f"pending_media:{user_id}")
    for key in client.scan_iter("post:*"):
        copied = json.loads(client.get(key) or "{}")
        if copied and copied["post_id"] not in place:
            found.append(key.decode())
    return found


def behind() -> set[str]:
    """The posts that the feed's tables show and the log does not, or the other way round."""
    catch_up(PostsProjection())
    published = Post.objects.filter(status="published").values_list("post_id", flat=True)
    in_feeds = FeedPost.objects.filter(status="published", deleted_at=None, created_at__isnull=False)
    return set(published) ^ set(in_feeds.values_list("post_id", flat=True))


def known() -> list[int]:
    """Of how many users each group has heard."""
    return [KnownUser.objects.count(), FeedAuthor.objects.count()]


def healed(client: redis.Redis) -> bool:
    """Whether everything is right, after what beat does every few seconds."""
    show_feed_changes()
    return not behind() and not wrong(client)


def lacking(client: redis.Redis) -> dict[str, object]:
    """What is not right yet, and what may be the reason."""
    return {
        "behind": behind(),
        "wrong": wrong(client),
        "dead letters": list(DeadLetter.objects.values_list("topic", "consumer", "exception", "message")),
        "unpublished": OutboxEvent.objects.filter(published=False).count(),
    }


def test_an_emptied_redis_is_right_again_by_itself_while_everything_goes_on(redis_url: str) -> None:
    for user_id in USERS:
        execute(user_id, CreateUser(email=f"{user_id}@example.org", name=user_id))
    flushes = 0
    with (
        redis.Redis.from_url(redis_url) as client,
        hosted(
            relay_runner(),
            consumer_runner(group_named("feed-service")),
            consumer_runner(group_named("content-service")),
        ),
    ):
        eventually(lambda: known() == [len(USERS)] * 2, within=STARTED_WITHIN, lacking=known)
        with going_on(write, follow, rename, read) as done:
            until = time.monotonic() + LOAD_SECONDS
            while time.monotonic() < until:
                time.sleep(FLUSH_INTERVAL)
                client.flushall()
                flushes += 1
        client.flushall()
        emptied = time.monotonic()
        eventually(lambda: healed(client), within=HEALED_WITHIN, lacking=lambda: lacking(client))
        print(f"{flushes} flushes, {done}; right again {time.monotonic() - emptied:.1f} s after the last one")
        assert wrong(client) == []
        assert client.dbsize() > 0

    assert flushes > 10
    assert all(done.values()), done
    assert not DeadLetter.objects.exists()


def test_a_cache_that_is_wrong_would_be_seen(redis_url: str) -> None:
    """The planted fault: what the test above compares must tell it."""
    for user_id in USERS:
        execute(user_id, CreateUser(email=f"{user_id}@example.org", name=user_id))
    with (
        redis.Redis.from_url(redis_url) as client,
        hosted(
            relay_runner(),
            consumer_runner(group_named("feed-service")),
            consumer_runner(group_named("content-service")),
        ),
    ):
        eventually(lambda: known() == [len(USERS)] * 2, within=STARTED_WITHIN, lacking=known)
        assert wrong(client) == []
        client.set("user:user-00", b'{"id":"user-00","username":"old","email":"old"}')
        client.set("feed-built:user-01", "all")
        client.zadd("feed:user-01", {"none": 1.0})
        assert wrong(client) == ["user:user-00", "feed:user-01"]
