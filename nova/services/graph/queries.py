"""Queries of the follow graph: counts, followers, followed, mutual ones, and whom somebody may want to follow."""

from datetime import datetime
from typing import Annotated, Any

from django.db import connections
from msgspec import Meta, Struct

from kit.exceptions import InvalidParameter
from nova.services.field_types import Timestamp
from nova.services.graph.models import Person
from nova.services.graph.sql.statements import statement
from nova.services.timestamps import utc
from projections.api import Page, check_limit, check_text, from_cursor, page_of

ORDERS = ("newest", "oldest")
MAX_FOLLOWED = 200
"""Of whom a user follows, so many latest are asked whom they follow."""
MAX_EACH = 50
"""Each of them says so many, the latest: at most 10 000 rows are looked at for suggestions."""
MAX_BIGINT = 2**63 - 1


class GraphCounts(Struct, frozen=True, kw_only=True):
    """How many follow a user, and how many the user follows; none for one that nobody knows or who is deleted."""

    user_id: str
    followers: int
    following: int


class FollowView(Struct, frozen=True, kw_only=True):
    """Somebody who follows the user, or whom the user follows."""

    user_id: str
    since: datetime


class MutualFollow(Struct, frozen=True, kw_only=True):
    """Somebody who follows the user and whom the user follows."""

    user_id: str


class Suggestion(Struct, frozen=True, kw_only=True):
    """Somebody whom the user may want to follow."""

    user_id: str
    common: int
    """By how many of those whom the user follows, as far as they were asked."""


class FollowKey(Struct, frozen=True, array_like=True):
    """Where a page of followers or followed begins."""

    since: Timestamp
    user_id: str


class SuggestionKey(Struct, frozen=True, array_like=True):
    """Where a page of suggestions begins."""

    common: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
    user_id: str


def graph_counts(user_id: str, *, using: str = "default") -> GraphCounts:
    """How many follow the user, and how many the user follows. Raises `InvalidParameter`."""
    check_text(user_id, parameter="user_id")
    person = Person.objects.using(using).filter(user_id=user_id).first() or Person(user_id=user_id)
    return GraphCounts(user_id=user_id, followers=person.followers, following=person.following)


def followers(
    user_id: str, *, order: str = "newest", after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[FollowView]:
    """A page of who follows the user, the `newest` or the `oldest` first. Raises `InvalidParameter`."""
    return _follows("followers", user_id, order, after, limit, using)


def following(
    user_id: str, *, order: str = "newest", after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[FollowView]:
    """A page of whom the user follows, the `newest` or the `oldest` first. Raises `InvalidParameter`."""
    return _follows("following", user_id, order, after, limit, using)


def mutual_follows(
    user_id: str, *, after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[MutualFollow]:
    """A page of those who follow the user and whom the user follows, by id. Raises `InvalidParameter`."""
    last = _checked(user_id, after, str, limit) or ""
    rows = _rows("mutual", using, user_id=user_id, after=last, max_count=limit + 1)
    found = [MutualFollow(user_id=other) for (other,) in rows]
    return page_of(found, limit=limit, key=lambda one: one.user_id)


def suggestions(user_id: str, *, after: str | None = None, limit: int = 50, using: str = "default") -> Page[Suggestion]:
    """A page of whom the user may want to follow: those whom most of those follow whom the user follows.

    Of whom the user follows, the latest 200 count, each with the latest 50. Raises `InvalidParameter`.
    """
    key = _checked(user_id, after, SuggestionKey, limit)
    rows = _rows(
        "suggestions",
        using,
        user_id=user_id,
        max_followed=MAX_FOLLOWED,
        max_each=MAX_EACH,
        common=key and key.common,
        other_id=key and key.user_id,
        max_count=limit + 1,
    )
    found = [Suggestion(user_id=other, common=common) for other, common in rows]
    return page_of(found, limit=limit, key=lambda one: SuggestionKey(one.common, one.user_id))


def _follows(side: str, user_id: str, order: str, after: str | None, limit: int, using: str) -> Page[FollowView]:
    if order not in ORDERS:
        raise InvalidParameter("order", "must be one of " + ", ".join(ORDERS))
    key = _checked(user_id, after, FollowKey, limit)
    rows = _rows(
        side if order == "newest" else f"{side}_oldest",
        using,
        user_id=user_id,
        since=key and utc(key.since),
        other_id=key and key.user_id,
        max_count=limit + 1,
    )
    found = [FollowView(user_id=other, since=since) for other, since in rows]
    return page_of(found, limit=limit, key=lambda one: FollowKey(one.since, one.user_id))


def _checked(user_id: str, after: str | None, kind: type[Any], limit: int) -> Any:
    """The key in the cursor, None without one."""
    check_limit(limit)
    check_text(user_id, parameter="user_id")
    if after is None:
        return None
    key = from_cursor(after, kind, parameter="after")
    check_text(key if isinstance(key, str) else key.user_id, parameter="after")
    return key


def _rows(name: str, using: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())
