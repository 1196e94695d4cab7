"""Query of the ranking: the hottest posts."""

from datetime import datetime
from typing import Annotated, Any

from django.db import connections
from msgspec import Meta, Struct

from nova.services.ranking.score import points
from nova.services.ranking.sql.statements import statement
from projections.api import Page, check_limit, check_text, from_cursor, page_of

FINITE = 1e300


class HotPost(Struct, frozen=True, kw_only=True):
    """A post and what it owes its place to."""

    post_id: str
    author_id: str
    created_at: datetime
    likes: int
    comments: int
    shares: int
    points: int
    """What all that is worth while the post is new."""
    score: float
    """What posts are ordered by: log2 of the points, and the time of creation in half-lives since 1970."""


class HotKey(Struct, frozen=True, array_like=True):
    """Where a page of posts begins."""

    score: Annotated[float, Meta(ge=-FINITE, le=FINITE)]
    post_id: str


def hot_posts(
    *, author_id: str | None = None, after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[HotPost]:
    """A page of published posts, the hottest first; of one author or of all. Raises `InvalidParameter`.

    Time alone changes nothing about the order, so pages fit together however long somebody reads.
    """
    check_limit(limit)
    if author_id is not None:
        check_text(author_id, parameter="author_id")
    key = from_cursor(after, HotKey, parameter="after") if after is not None else None
    if key is not None:
        check_text(key.post_id, parameter="after")
    parameters: dict[str, Any] = {
        "score": key and key.score,
        "post_id": key and key.post_id,
        "max_count": limit + 1,
    }
    with connections[using].cursor() as cursor:
        if author_id is None:
            cursor.execute(statement("hot"), parameters)
        else:
            cursor.execute(statement("hot_of_author"), parameters | {"author_id": author_id})
        rows = cursor.fetchall()
    found = [
        HotPost(
            post_id=post_id,
            author_id=author,
            created_at=created_at,
            likes=likes,
            comments=comments,
            shares=shares,
            points=points(likes=likes, comments=comments, shares=shares),
            score=score,
        )
        for post_id, author, created_at, likes, comments, shares, score in rows
    ]
    return page_of(found, limit=limit, key=lambda post: HotKey(post.score, post.post_id))
