"""Feed cache: the keys of the feed in Redis, and the only commands that touch them.

feed:{user}         sorted set: ids of posts by the time of their creation, the newest `length` of them
feed-built:{user}   "all": the set holds every post of the feed; "top": only its newest; absent: it may lack some
feeds:generation    a random name, which disappears with everything else when Redis is emptied
post:{post}         summary of a post that can be seen
author:{user}       summary of an author

Longer than most modules: every command stands beside the keys that it touches, so that their rules are read together.
"""

import copy
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Self

import msgspec
import redis
from msgspec import Struct

from kit.redis import redis_client
from nova.services.feed.conf import feed_conf

GENERATION = "feeds:generation"
PIPELINE = 1_000

# A set that Redis has evicted is begun anew and lacks what it held, so what is said of it goes too. Of a feed whose end
# is cut off, a post older than all in the set is left to PostgreSQL: others may lie between the two. A set outlives
# what is said of it, and one that nobody reads or adds to is gone some time.
ADD = """
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
local cut = redis.call('GET', KEYS[2]) == 'top'
for i = 3, #ARGV, 2 do
    local added = redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
    if cut and added == 1 and redis.call('ZRANK', KEYS[1], ARGV[i + 1]) == 0 then
        redis.call('ZREM', KEYS[1], ARGV[i + 1])
    end
end
redis.call('EXPIRE', KEYS[1], 2 * ARGV[2])
if redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[1]) > 0 then
    redis.call('SET', KEYS[2], 'top', 'XX', 'KEEPTTL')
end
"""
# What is already in the set stays: it may be newer than what the caller has read.
BUILD = """
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
for i = 5, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], 2 * ARGV[3])
local cut = redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2]) > 0
redis.call('SET', KEYS[2], cut and 'top' or ARGV[4], 'EX', ARGV[3])
return 1
"""


class Place(Struct, frozen=True, order=True, array_like=True):
    """A post's place in feeds; the greatest comes first. Redis and PostgreSQL order by the same two values."""

    score: float
    """When the post was created, in seconds since 1970."""
    post_id: str


class PostSummary(Struct, frozen=True, kw_only=True):
    """What a feed shows of a post that can be seen."""

    post_id: str
    author_id: str
    caption: str
    media_type: str
    created_at: datetime
    score: float

    @property
    def place(self) -> Place:
        """Where it stands in feeds."""
        return Place(self.score, self.post_id)


class AuthorSummary(Struct, frozen=True, kw_only=True):
    """What a feed shows of an author."""

    user_id: str
    username: str
    display_name: str
    avatar_url: str
    is_deleted: bool


class Slice(Struct, frozen=True, kw_only=True):
    """Some places of a feed in a row."""

    places: list[Place]
    ended: bool
    """Whether the feed has no more after them."""


class FeedCache:
    """The feed's part of Redis. Every method raises `redis.RedisError` when Redis cannot be reached."""

    def __init__(self, client: redis.Redis, *, length: int, lifetime: int) -> None:
        self._client = client
        self._together: redis.client.Pipeline | None = None
        self._length = length
        self._lifetime = lifetime
        self._add = client.register_script(ADD)
        self._build = client.register_script(BUILD)
        self._posts = msgspec.json.Decoder(PostSummary)
        self._authors = msgspec.json.Decoder(AuthorSummary)

    @property
    def length(self) -> int:
        """How many places a feed keeps here."""
        return self._length

    @contextmanager
    def together(self) -> Iterator[Self]:
        """Within it, what the result is told is sent to Redis at the end, all at once."""
        with self._client.pipeline(transaction=False) as pipeline:
            telling = copy.copy(self)
            telling._together = pipeline  # noqa: SLF001 - its own
            yield telling
            pipeline.execute()

    def generation(self) -> str:
        """The name of all that is in Redis now; another one after Redis was emptied."""
        name = secrets.token_hex(8)
        current = self._client.set(GENERATION, name, nx=True, get=True)
        return current.decode() if isinstance(current, bytes) else name

    def slice(self, user_id: str, *, before: Place | None, count: int) -> Slice | None:
        """Up to `count` places after `before`, or `None` when only PostgreSQL knows them."""
        size = count + 1
        while True:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.get(_built(user_id))
                pipeline.exists(_feed(user_id))
                pipeline.zrevrangebyscore(
                    _feed(user_id), before.score if before else "+inf", "-inf", start=0, num=size, withscores=True
                )
                built, exists, found = pipeline.execute()
            if built is None or not exists:
                return None
            places = [Place(score, member.decode()) for member, score in found]
            if before is not None:
                places = [place for place in places if place < before]
            ended = len(found) < size
            # Posts of one instant share a score, and those before the place take up room.
            if ended or len(places) >= count:
                break
            size *= 2
        if len(places) < count and built != b"all":
            return None
        return Slice(places=places[:count], ended=ended and built == b"all" and len(places) <= count)

    def build(self, user_id: str, places: Sequence[Place], *, complete: bool, generation: str) -> bool:
        """Say that these are the feed's places, all of them or its newest.

        Only if Redis was not emptied since `generation` was asked for, which must be before the places were read: what
        was added between would be gone. Returns whether it was said.
        """
        arguments = [generation, self._length, self._lifetime, "all" if complete else "top", *_members(places)]
        return bool(self._build(keys=[_feed(user_id), _built(user_id), GENERATION], args=arguments))

    def add(self, followers: Iterable[str], places: Sequence[Place]) -> None:
        """Put posts into the feeds of all these followers."""
        if not places:
            return
        arguments = [self._length, self._lifetime, *_members(places)]
        with self._commands() as pipeline:
            for follower in followers:
                self._add(keys=[_feed(follower), _built(follower)], args=arguments, client=pipeline)
                self._send_when_full(pipeline)

    def remove(self, followers: Iterable[str], post_ids: Sequence[str]) -> None:
        """Take posts out of the feeds of all these followers."""
        if not post_ids:
            return
        with self._commands() as pipeline:
            for follower in followers:
                pipeline.zrem(_feed(follower), *post_ids)
                self._send_when_full(pipeline)

    def forget_feed(self, user_id: str) -> None:
        """Remove a whole feed."""
        with self._commands() as pipeline:
            pipeline.delete(_built(user_id), _feed(user_id))

    def posts(self, post_ids: Sequence[str]) -> dict[str, PostSummary]:
        """Those summaries that are here."""
        texts = self._client.mget([_post(post_id) for post_id in post_ids]) if post_ids else []
        found = (self._posts.decode(text) for text in texts if text is not None)
        return {post.post_id: post for post in found}

    def authors(self, user_ids: Sequence[str]) -> dict[str, AuthorSummary]:
        """Those summaries that are here."""
        texts = self._client.mget([_author(user_id) for user_id in user_ids]) if user_ids else []
        found = (self._authors.decode(text) for text in texts if text is not None)
        return {author.user_id: author for author in found}

    def put_posts(self, posts: Iterable[PostSummary]) -> None:
        """Keep summaries. The caller holds a lock on each one's row in PostgreSQL, so no older state stays here."""
        self._put({_post(post.post_id): msgspec.json.encode(post) for post in posts})

    def put_authors(self, authors: Iterable[AuthorSummary]) -> None:
        """Keep summaries; as `put_posts`."""
        self._put({_author(author.user_id): msgspec.json.encode(author) for author in authors})

    def drop_posts(self, post_ids: Sequence[str]) -> None:
        """Remove the summaries of posts that can no longer be seen; as `put_posts`."""
        if post_ids:
            with self._commands() as pipeline:
                pipeline.delete(*(_post(post_id) for post_id in post_ids))

    def _put(self, texts: Mapping[str, bytes]) -> None:
        with self._commands() as pipeline:
            for key, text in texts.items():
                pipeline.set(key, text, ex=self._lifetime)

    @contextmanager
    def _commands(self) -> Iterator[redis.client.Pipeline]:
        """What is sent at the end of the block, unless it is sent together with more."""
        if self._together is not None:
            yield self._together
            return
        with self._client.pipeline(transaction=False) as pipeline:
            yield pipeline
            pipeline.execute()

    def _send_when_full(self, pipeline: redis.client.Pipeline) -> None:
        if len(pipeline) >= PIPELINE:
            pipeline.execute()


def feed_cache() -> FeedCache:
    """The feed's part of the Redis that the settings name."""
    conf = feed_conf()
    return _feed_cache(conf.redis_url, conf.redis_timeout, conf.feed_length, conf.feed_lifetime)


@cache
def _feed_cache(url: str, timeout: float, length: int, lifetime: int) -> FeedCache:
    # Once more at once, for a pooled connection that died of age; PostgreSQL answers rather than a second wait.
    return FeedCache(redis_client(url, timeout=timeout, retries=1), length=length, lifetime=lifetime)


def _members(places: Sequence[Place]) -> list[str | float]:
    return [value for place in places for value in (repr(place.score), place.post_id)]


def _feed(user_id: str) -> str:
    return f"feed:{user_id}"


def _built(user_id: str) -> str:
    return f"feed-built:{user_id}"


def _post(post_id: str) -> str:
    return f"post:{post_id}"


def _author(user_id: str) -> str:
    return f"author:{user_id}"
