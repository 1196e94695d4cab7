"""Queries of feeds: a user's feed, and one post.

Redis answers when it has the whole feed, PostgreSQL when not: after Redis was emptied, while it is away, and beyond the
newest posts that it keeps. While direct calls are on, the content side answers instead, and these two while it is away.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from django.db import connection, transaction
from msgspec import Struct
from redis import RedisError

from kit.outage_log import outage_log
from nova.services.feed.cache import AuthorSummary, FeedCache, Place, PostSummary, feed_cache
from nova.services.feed.changes import author_summary, post_summary
from nova.services.feed.content_calls.reading import feed_from_content, post_from_content
from nova.services.feed.content_calls.switch import SWITCH
from nova.services.feed.exceptions import ContentAway, PostNotFound
from nova.services.feed.models import FeedAuthor, FeedFollow, FeedPost
from nova.services.feed.sql.statements import statement
from projections.api import check_limit, check_text, from_cursor, page_of

PostsFrom = Literal["local copy", "content side", "local copy, content side away"]
FALLBACK: PostsFrom = "local copy, content side away"


class PostView(Struct, frozen=True, kw_only=True):
    """A post as a feed shows it."""

    post_id: str
    author_id: str
    author_name: str
    """Display name, or user name, or empty while neither is known."""
    author_avatar_url: str
    caption: str
    media_type: str
    created_at: datetime


class FeedPage(Struct, frozen=True, kw_only=True):
    """A page of a feed."""

    items: list[PostView]
    next: str | None
    """Where the next page begins; None at the end."""
    posts_from: PostsFrom = "local copy"
    """Where the posts were read: in the feed's own copy, straight from the content side where direct calls are on, or
    in the local copy because the content side does not answer."""


class PlacedPost(Struct, frozen=True):
    """A post and its place, from which the next page begins."""

    place: Place
    view: PostView


def feed(user_id: str, *, before: str | None = None, limit: int = 50) -> FeedPage:
    """A page of the posts of those whom the user follows, newest first. Raises `InvalidParameter`."""
    check_limit(limit)
    check_text(user_id, parameter="user_id")
    place = from_cursor(before, Place, parameter="after") if before is not None else None
    if place is not None:
        check_text(place.post_id, parameter="after")
    posts_from: PostsFrom = "local copy"
    if not SWITCH.is_on():
        posts = _from_local_copy(user_id, place, limit + 1)
    else:
        try:
            posts, posts_from = _with_authors(feed_from_content(user_id, place, limit + 1)), "content side"
        except ContentAway:
            posts, posts_from = _from_local_copy(user_id, place, limit + 1), FALLBACK
    page = page_of(posts, limit=limit, key=lambda post: post.place)
    return FeedPage(items=[post.view for post in page.items], next=page.next, posts_from=posts_from)


def get_post(post_id: str) -> PostView:
    """The post of that id. Raises `PostNotFound`, also for one that cannot be seen now."""
    check_text(post_id, parameter="post_id")
    placed: list[PlacedPost] | None = None
    if SWITCH.is_on():
        with suppress(ContentAway):
            placed = _with_authors(post_from_content(post_id))
    if placed is None:
        placed = _local_post(post_id)
    if not placed:
        raise PostNotFound(post_id)
    return placed[0].view


def _local_post(post_id: str) -> list[PlacedPost]:
    try:
        posts = _summaries(feed_cache(), [post_id])
        return _visible(posts, _author_summaries(feed_cache(), posts))
    except RedisError as error:
        outage_log("redis").lost(error, instead="posts are read from PostgreSQL")
        posts = _stored_posts([post_id])
        return _visible(posts, _stored_authors(posts))


def _with_authors(posts: Sequence[PostSummary]) -> list[PlacedPost]:
    """Those of the posts whose authors are there, as far as the feed knows."""
    try:
        authors = _author_summaries(feed_cache(), posts)
    except RedisError as error:
        outage_log("redis").lost(error, instead="authors are read from PostgreSQL")
        authors = _stored_authors(posts)
    return _visible(posts, authors)


def _from_local_copy(user_id: str, place: Place | None, count: int) -> list[PlacedPost]:
    try:
        posts = _from_redis(feed_cache(), user_id, place, count)
    except RedisError as error:
        outage_log("redis").lost(error, instead="feeds are read from PostgreSQL")
        posts = None
    else:
        outage_log("redis").found()
    return _from_postgresql(user_id, place, count) if posts is None else posts


def _from_redis(cache: FeedCache, user_id: str, before: Place | None, count: int) -> list[PlacedPost] | None:
    found: list[PlacedPost] = []
    while len(found) < count:
        part = cache.slice(user_id, before=before, count=count - len(found))
        if part is None:
            if before is None:
                _build(cache, user_id)
            return None
        posts = _summaries(cache, [place.post_id for place in part.places])
        found += _followed(user_id, _visible(posts, _author_summaries(cache, posts)))
        if part.ended:
            break
        before = part.places[-1]
    return found


def _from_postgresql(user_id: str, before: Place | None, count: int) -> list[PlacedPost]:
    posts = _stored_feed(user_id, before, count)
    return _visible(posts, _stored_authors(posts))


def _build(cache: FeedCache, user_id: str) -> None:
    generation = cache.generation()
    posts = _stored_feed(user_id, None, cache.length + 1)
    cache.build(user_id, [post.place for post in posts], complete=len(posts) <= cache.length, generation=generation)


def _stored_feed(user_id: str, before: Place | None, count: int) -> list[PostSummary]:
    rows = _rows(
        "page",
        follower_id=user_id,
        score=before.score if before else None,
        post_id=before.post_id if before else None,
        max_count=count,
    )
    return [
        PostSummary(
            post_id=post_id, author_id=author_id, caption=caption, media_type=media_type, created_at=at, score=score
        )
        for post_id, author_id, caption, media_type, at, score in rows
    ]


def _summaries(cache: FeedCache, post_ids: Sequence[str]) -> list[PostSummary]:
    """Those of the posts that can be seen, in the same order; what Redis lacks is put there."""
    found = cache.posts(post_ids)
    if missing := [post_id for post_id in post_ids if post_id not in found]:
        with transaction.atomic():
            rows = _rows("posts_to_cache", post_ids=missing)
            locked = {row[0]: post_summary(FeedPost(**dict(zip(POST_COLUMNS, row, strict=True)))) for row in rows}
            cache.put_posts(post for post in locked.values() if post is not None)
        found |= {post_id: post for post_id, post in locked.items() if post is not None}
        stored = _stored_posts([post_id for post_id in missing if post_id not in locked])
        found |= {post.post_id: post for post in stored}
    return [found[post_id] for post_id in post_ids if post_id in found]


def _author_summaries(cache: FeedCache, posts: Sequence[PostSummary]) -> dict[str, AuthorSummary]:
    """The posts' authors; what Redis lacks is put there."""
    user_ids = list({post.author_id for post in posts})
    found = cache.authors(user_ids)
    if missing := [user_id for user_id in user_ids if user_id not in found]:
        with transaction.atomic():
            rows = _rows("authors_to_cache", user_ids=missing)
            locked = {row[0]: author_summary(FeedAuthor(**dict(zip(AUTHOR_COLUMNS, row, strict=True)))) for row in rows}
            cache.put_authors(locked.values())
        found |= locked
        found |= _stored_authors([post for post in posts if post.author_id not in found])
    return found


def _stored_posts(post_ids: Sequence[str]) -> list[PostSummary]:
    rows = FeedPost.objects.filter(post_id__in=post_ids) if post_ids else ()
    return [post for post in map(post_summary, rows) if post is not None]


def _stored_authors(posts: Sequence[PostSummary]) -> dict[str, AuthorSummary]:
    authors = FeedAuthor.objects.filter(user_id__in={post.author_id for post in posts}) if posts else ()
    return {author.user_id: author_summary(author) for author in authors}


def _visible(posts: Sequence[PostSummary], authors: dict[str, AuthorSummary]) -> list[PlacedPost]:
    return [
        PlacedPost(post.place, _view(post, author))
        for post in posts
        if (author := authors.get(post.author_id)) is None or not author.is_deleted
    ]


def _followed(user_id: str, posts: list[PlacedPost]) -> list[PlacedPost]:
    """Those whose author the user still follows. Only the tables know: a post may reach Redis beside an unfollowing."""
    authors = {post.view.author_id for post in posts}
    left = set(
        FeedFollow.objects.filter(follower_id=user_id, followed_id__in=authors, is_following=False).values_list(
            "followed_id", flat=True
        )
        if authors
        else ()
    )
    return [post for post in posts if post.view.author_id not in left]


def _view(post: PostSummary, author: AuthorSummary | None) -> PostView:
    return PostView(
        post_id=post.post_id,
        author_id=post.author_id,
        author_name=(author.display_name or author.username) if author else "",
        author_avatar_url=author.avatar_url if author else "",
        caption=post.caption,
        media_type=post.media_type,
        created_at=post.created_at,
    )


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())


POST_COLUMNS = ("post_id", "author_id", "caption", "media_type", "status", "deleted_at", "created_at", "score")
AUTHOR_COLUMNS = ("user_id", "username", "display_name", "avatar_url", "deleted_at")
