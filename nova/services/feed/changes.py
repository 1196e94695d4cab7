"""Feed changes: Redis is told what has changed in the feed's tables, so that no crash leaves it wrong.

The tables are the truth: handlers write them in the inbox transaction, so each event takes effect there once, and they
mark each row that they change as not shown. Redis is told only afterwards, from committed rows:

1. After the commit, and by beat for whatever was left behind, `show_changes` locks rows that are not shown, tells Redis
   of their state and marks them shown. A crash at any point leaves a row not shown, or one that is shown twice; every
   command says how things are and not what to change, so twice is as good as once. An event that is delivered again
   marks its rows again and has the same end.
2. A summary of a row is written to Redis only while a lock on the row keeps it from changing. So no slow writer can put
   an older state over a newer one.
3. The pair of a new post and a new follower is not lost between the two: each is shown after its own commit, and the
   one shown later sees the other's committed row.
4. A reader that builds a feed from the tables adds to what is in Redis and never replaces it, so a post shown meanwhile
   stays; and it builds nothing if Redis was emptied since it began to read (see `FeedCache.build`).

Of a post of somebody whom many follow, workers tell the feeds in slices, each a transaction of its own: nobody else's
post waits for that. `fan_out_after` of the row says how far it is; a change of the post begins anew.

A feed in Redis may thus hold too much for a moment, never too little. What is too much is left out on reading, because
the post's summary is not there, its author is deleted, or the follow was taken back in the tables.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import QuerySet
from redis import RedisError

from kit.outage_log import outage_log
from kit.outages import part_of
from kit.task_wakeup import wake_task
from nova.services.feed.cache import AuthorSummary, FeedCache, Place, PostSummary, feed_cache
from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.sql.statements import statement

AT_ONCE = 500
MAX_FOLLOWERS = 200
"""Most followers whose feeds are told of a post at once; of more, workers tell them."""
SLICE = 1_000
"""Followers whose feeds are told in one transaction."""
AUTHORS_AT_ONCE = 20
"""Authors whose newest posts are read at once, of each as many as a feed holds."""
Show = Callable[[list[Any], FeedCache], Collection[str]]
"""Tells Redis of rows; the keys of those with which it is not done."""
SHOW_CHANGES = "nova.services.feed.tasks.show_feed_changes"
"""By name: the task stands above."""


class Kind(StrEnum):
    """What there are changes of; they are shown in this order."""

    AUTHORS = "authors"
    POSTS = "posts"
    FOLLOWS = "follows"


def show_changes_after_commit(*kinds: Kind) -> None:
    """Have Redis told of these kinds once the transaction commits, once for all of its events."""
    waiting = {hook for _, hook, *_ in connection.run_on_commit}
    for kind in kinds:
        if SHOWING[kind] not in waiting:
            transaction.on_commit(SHOWING[kind], robust=True)


def show_changes(cache: FeedCache | None = None) -> int:
    """Tell Redis of up to 500 changes of each kind; returns how many there were. Raises `redis.RedisError`.

    Posts that go to many are left to `fan_out_slice`.
    """
    cache = cache or feed_cache()
    return sum(_show(kind, cache) for kind in Kind)


def show_all_changes(cache: FeedCache | None = None) -> int:
    """Tell Redis of everything that it has not been told; returns how many changes and slices there were."""
    shown = 0
    while more := show_changes(cache) + fan_out_slice(cache):
        shown += more
    return shown


def fan_out_slice(cache: FeedCache | None = None) -> int:
    """Tell some more feeds of a post that goes to many; returns 1, or 0 where there is none. Raises `redis.RedisError`.

    Workers take different posts.
    """
    cache = cache or feed_cache()
    with transaction.atomic():
        many = FeedPost.objects.filter(is_shown=False, fan_out_after__isnull=False).order_by("pk")
        post = many.select_for_update(skip_locked=True).first()
        if post is None:
            return 0
        followers = list(_followers(post.author_id, after=post.fan_out_after or "", count=SLICE))
        _show_post(post, None if _gone([post.author_id]) else post_summary(post), followers, cache)
        is_last = len(followers) < SLICE
        FeedPost.objects.filter(pk=post.pk).update(is_shown=is_last, fan_out_after=None if is_last else followers[-1])
    return 1


def author_summary(author: FeedAuthor) -> AuthorSummary:
    """What Redis is told of an author."""
    return AuthorSummary(
        user_id=author.user_id,
        username=author.username,
        display_name=author.display_name,
        avatar_url=author.avatar_url,
        is_deleted=author.deleted_at is not None,
    )


def post_summary(post: FeedPost) -> PostSummary | None:
    """What Redis is told of a post: nothing when it cannot be seen."""
    if post.status != "published" or post.deleted_at or post.created_at is None or post.score is None:
        return None
    return PostSummary(
        post_id=post.post_id,
        author_id=post.author_id,
        caption=post.caption,
        media_type=post.media_type,
        created_at=post.created_at,
        score=post.score,
    )


def _show_quietly(kind: Kind) -> None:
    try:
        _show(kind, feed_cache())
    except (RedisError, DatabaseError, InterfaceError) as error:
        # The rows stay marked; beat tries again.
        outage_log(part_of(error)).lost(error, lost="changes of feeds")


def _show(kind: Kind, cache: FeedCache) -> int:
    changes, show = CHANGES[kind]
    with transaction.atomic():
        # Whoever holds a lock is changing the row, and will show it, or is showing it.
        rows = list(changes.order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE])
        if rows:
            with cache.together() as telling:
                unfinished = show(rows, telling)
            shown = [row.pk for row in rows if row.pk not in unfinished]
            changes.model._default_manager.filter(pk__in=shown).update(is_shown=True)  # noqa: SLF001
    return len(rows)


def _show_authors(authors: list[FeedAuthor], cache: FeedCache) -> Collection[str]:
    cache.put_authors(author_summary(author) for author in authors)
    for author in authors:
        if author.deleted_at is not None:
            newest = FeedPost.objects.filter(author_id=author.user_id, score__isnull=False).order_by(
                "-score", "-post_id"
            )
            cache.remove(_followers(author.user_id), list(newest.values_list("post_id", flat=True)[: cache.length]))
            cache.forget_feed(author.user_id)
    return ()


def _show_posts(posts: list[FeedPost], cache: FeedCache) -> Collection[str]:
    authors = sorted({post.author_id for post in posts})
    gone = _gone(authors)
    followers = _by_author("followers_of", authors, max_count=MAX_FOLLOWERS + 1)
    hidden: list[str] = []
    unfinished: list[str] = []
    for post in posts:
        summary = None if post.author_id in gone else post_summary(post)
        if summary is None:
            hidden.append(post.post_id)
        told = [follower_id for (follower_id,) in followers[post.author_id]]
        if len(told) > MAX_FOLLOWERS:
            unfinished.append(post.post_id)
            told = []
        _show_post(post, summary, told, cache)
    cache.drop_posts(hidden)
    if unfinished:
        FeedPost.objects.filter(pk__in=unfinished).update(fan_out_after="")
        transaction.on_commit(partial(wake_task, SHOW_CHANGES), robust=True)
    return unfinished


def _show_follows(follows: list[FeedFollow], cache: FeedCache) -> Collection[str]:
    for start in range(0, len(follows), AUTHORS_AT_ONCE):
        some = follows[start : start + AUTHORS_AT_ONCE]
        followed = sorted({follow.followed_id for follow in some if follow.is_following})
        left = sorted({follow.followed_id for follow in some if not follow.is_following})
        # One more than a feed holds, so that the cache notices that the author has older ones.
        seen = _by_author("newest_of_authors", followed, can_be_seen=True, max_count=cache.length + 1)
        written = _by_author("newest_of_authors", left, can_be_seen=False, max_count=cache.length)
        for follow in some:
            if follow.is_following:
                cache.add([follow.follower_id], [Place(*place) for place in seen[follow.followed_id]])
            else:
                cache.remove([follow.follower_id], [post_id for _, post_id in written[follow.followed_id]])
    return ()


def _by_author(name: str, author_ids: Sequence[str], **parameters: Any) -> defaultdict[str, list[tuple[Any, ...]]]:
    """The rows of a statement about authors, without the author, by author."""
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    if author_ids:
        with connection.cursor() as cursor:
            cursor.execute(statement(name), {"author_ids": list(author_ids), **parameters})
            for author_id, *row in cursor.fetchall():
                found[author_id].append(tuple(row))
    return found


def _show_post(post: FeedPost, summary: PostSummary | None, followers: Sequence[str], cache: FeedCache) -> None:
    if summary is None:
        cache.remove(followers, [post.post_id])
    else:
        cache.put_posts([summary])
        cache.add(followers, [summary.place])


def _gone(user_ids: Collection[str]) -> set[str]:
    """Those of the authors whose accounts are closed."""
    closed = FeedAuthor.objects.filter(user_id__in=user_ids, deleted_at__isnull=False)
    return set(closed.values_list("user_id", flat=True))


def _followers(author_id: str, *, after: str = "", count: int | None = None) -> Iterator[str]:
    """Who follows the author, by id, after one of them; so many at most."""
    followers = FeedFollow.objects.filter(followed_id=author_id, is_following=True, follower_id__gt=after)
    found = followers.order_by("follower_id").values_list("follower_id", flat=True)
    return (found if count is None else found[:count]).iterator(chunk_size=1_000)


CHANGES: Mapping[Kind, tuple["QuerySet[Any]", Show]] = {
    Kind.AUTHORS: (FeedAuthor.objects.filter(is_shown=False), _show_authors),
    Kind.POSTS: (FeedPost.objects.filter(is_shown=False, fan_out_after=None), _show_posts),
    Kind.FOLLOWS: (FeedFollow.objects.filter(is_shown=False), _show_follows),
}
SHOWING: Mapping[Kind, Callable[[], None]] = {
    Kind.AUTHORS: lambda: _show_quietly(Kind.AUTHORS),
    Kind.POSTS: lambda: _show_quietly(Kind.POSTS),
    Kind.FOLLOWS: lambda: _show_quietly(Kind.FOLLOWS),
}
"""What is registered for after the commit: the same for each event, so that it is found again."""
