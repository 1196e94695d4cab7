"""Queries of posts: get one, list them, newest or most liked first, and the comments of one."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from django.db.models import Q
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.content.exceptions import PostNotKnown
from nova.services.content.models import Comment, Post
from nova.services.field_types import Timestamp
from nova.services.timestamps import utc
from projections.api import Page, check_limit, check_text, from_cursor, page_of

LISTED = [Post.Status.PUBLISHED, Post.Status.DRAFT, Post.Status.ARCHIVED]
ORDERS = ("newest", "most_liked")
Order = Literal["newest", "most_liked"]


class PostMedia(Struct, frozen=True, kw_only=True):
    """An uploaded file that a post shows."""

    upload_id: str
    media_id: str


class ContentPost(Struct, frozen=True, kw_only=True):
    """A post as queries answer it."""

    post_id: str
    author_id: str
    caption: str
    """Empty for a deleted post."""
    media_type: str
    status: Annotated[str, one_of(Post.Status.values)]
    text_version: int
    media: list[PostMedia]
    like_count: int
    share_count: int
    comment_count: int
    created_at: datetime | None
    """Empty for a post that was deleted before its creation was heard of."""
    updated_at: datetime | None
    deleted_at: datetime | None


class PostComment(Struct, frozen=True, kw_only=True):
    """A comment as queries answer it."""

    comment_id: str
    post_id: str
    author_id: str
    created_at: datetime


class TimeKey(Struct, frozen=True, array_like=True):
    """Where a page begins that is ordered by time."""

    at: Timestamp
    id: str


class LikesKey(Struct, frozen=True, array_like=True):
    """Where a page begins that is ordered by likes."""

    like_count: int
    post_id: str


def get_post(post_id: str, *, using: str = "default") -> ContentPost:
    """The post of that id, whatever its status, deleted ones included. Raises `PostNotKnown`."""
    check_text(post_id, parameter="post_id")
    post = Post.objects.using(using).filter(post_id=post_id).exclude(status="").first()
    if post is None:
        raise PostNotKnown(post_id)
    return _post(post)


def list_posts(
    *,
    author_id: str | None = None,
    status: str = "published",
    order: str = "newest",
    after: str | None = None,
    limit: int = 50,
    using: str = "default",
) -> Page[ContentPost]:
    """A page of posts of that status, of one author or of all, newest or most liked first; deleted ones never.

    Raises `InvalidParameter`. A post that is liked between two pages may move from one to the other.
    """
    check_limit(limit)
    if status not in LISTED:
        raise InvalidParameter("status", "must be one of " + ", ".join(LISTED))
    if order not in ORDERS:
        raise InvalidParameter("order", "must be one of " + ", ".join(ORDERS))
    posts = Post.objects.using(using).filter(status=status, created_at__isnull=False)
    if author_id is not None:
        check_text(author_id, parameter="author_id")
        posts = posts.filter(author_id=author_id)
    if order == "most_liked":
        if after is not None:
            likes = from_cursor(after, LikesKey, parameter="after")
            check_text(likes.post_id, parameter="after")
            later = Q(like_count__lt=likes.like_count) | Q(post_id__lt=likes.post_id)
            posts = posts.filter(later, like_count__lte=likes.like_count)
        found = _posts(posts.order_by("-like_count", "-post_id")[: limit + 1])
        return page_of(found, limit=limit, key=lambda post: LikesKey(post.like_count, post.post_id))
    if after is not None:
        at, post_id = _time_key(after)
        posts = posts.filter(Q(created_at__lt=at) | Q(post_id__lt=post_id), created_at__lte=at)
    found = _posts(posts.order_by("-created_at", "-post_id")[: limit + 1])
    return page_of(found, limit=limit, key=lambda post: TimeKey(post.created_at, post.post_id))  # type: ignore[arg-type]


def posts_by_id(post_ids: Collection[str], *, using: str = "default") -> dict[str, ContentPost]:
    """Those of the posts that there are."""
    return {post.post_id: _post(post) for post in Post.objects.using(using).filter(post_id__in=post_ids)}


def list_comments(
    *, post_id: str, after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[PostComment]:
    """A page of the comments of a post, oldest first; empty for a post that nobody knows. Raises `InvalidParameter`."""
    check_limit(limit)
    check_text(post_id, parameter="post_id")
    comments = Comment.objects.using(using).filter(post_id=post_id).order_by("created_at", "comment_id")
    if after is not None:
        at, comment_id = _time_key(after)
        comments = comments.filter(Q(created_at__gt=at) | Q(comment_id__gt=comment_id), created_at__gte=at)
    found = [
        PostComment(comment_id=one.comment_id, post_id=one.post_id, author_id=one.author_id, created_at=one.created_at)
        for one in comments[: limit + 1]
    ]
    return page_of(found, limit=limit, key=lambda one: TimeKey(one.created_at, one.comment_id))


def _time_key(cursor: str) -> tuple[datetime, str]:
    key = from_cursor(cursor, TimeKey, parameter="after")
    check_text(key.id, parameter="after")
    return utc(key.at), key.id


def _posts(posts: Iterable[Post]) -> list[ContentPost]:
    return [_post(post) for post in posts]


def _post(post: Post) -> ContentPost:
    return ContentPost(
        post_id=post.post_id,
        author_id=post.author_id,
        caption=post.caption,
        media_type=post.media_type,
        status=post.status,
        text_version=post.text_version,
        media=msgspec.convert(post.media, list[PostMedia]),
        like_count=post.like_count,
        share_count=post.share_count,
        comment_count=post.comment_count,
        created_at=post.created_at,
        updated_at=post.updated_at,
        deleted_at=post.deleted_at,
    )
