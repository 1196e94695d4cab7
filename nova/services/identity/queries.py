"""Queries of users: get one, list them by id, age or name, search by name or e-mail."""

import re
from datetime import datetime
from typing import Annotated, Any

from django.db import connections
from django.db.models import QuerySet, Value
from django.db.models.functions import StrIndex
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.field_types import Timestamp
from nova.services.identity.exceptions import UserNotFound
from nova.services.identity.models import NameKey, User
from nova.services.identity.sql.statements import statement
from nova.services.matching import MAX_MATCHES, Found, few_or_many
from nova.services.text_folding import fold
from nova.services.timestamps import utc
from projections.api import Page, check_limit, check_text, from_cursor, page_of

MAX_TERM = 255
TRIGRAM = 3
"""What is shorter no index of trigrams finds; asked all the same, it goes through all of its own."""
ORDERS = ("id", "newest", "name")
LISTED = {
    "active": [User.Status.ACTIVE],
    "inactive": [User.Status.INACTIVE],
    "any": [User.Status.ACTIVE, User.Status.INACTIVE],
}


class UserView(Struct, frozen=True, kw_only=True):
    """A user as queries answer it."""

    user_id: str
    username: str
    display_name: str
    email: str
    avatar_url: str
    is_verified: bool
    follower_count: int
    roles: list[str]
    status: Annotated[str, one_of(User.Status.values)]
    created_at: datetime | None
    updated_at: datetime
    deleted_at: datetime | None


def get_user(user_id: str, *, using: str = "default") -> UserView:
    """The user of that id, deleted ones included. Raises `UserNotFound`."""
    check_text(user_id, parameter="user_id")
    user = User.objects.using(using).filter(user_id=user_id).first()
    if user is None:
        raise UserNotFound(user_id)
    return _view(user)


class NewestKey(Struct, frozen=True, array_like=True):
    """Where a page of users by age begins."""

    created_at: Timestamp | None
    user_id: str


class ByNameKey(Struct, frozen=True, array_like=True):
    """Where a page of users by name begins."""

    name: str
    user_id: str


def list_users(
    *,
    search: str = "",
    status: str = "active",
    order: str = "id",
    after: str | None = None,
    limit: int = 50,
    using: str = "default",
) -> Page[UserView]:
    """A page of users: `active` ones, deactivated ones (`inactive`), or `any` of the two, deleted ones never.

    They come by `id`; the `newest` first and last those of whom it is not known since when they are there; or by
    `name`, without regard to case: user names, in place of which others are sorted by their display name or e-mail.
    With `search`, those with the text in a name or the e-mail. Raises `InvalidParameter`.
    """
    check_limit(limit)
    if status not in LISTED:
        raise InvalidParameter("status", "must be one of " + ", ".join(LISTED))
    if order not in ORDERS:
        raise InvalidParameter("order", "must be one of " + ", ".join(ORDERS))
    check_text(search, parameter="search")
    if len(search) > MAX_TERM:
        raise InvalidParameter("search", f"must be at most {MAX_TERM} characters")
    term, users = fold(search), User.objects.using(using)
    page: Page[Any]
    match order:
        case "newest":
            found = _newest(_searched(users.all(), term, status), after, limit + 1)
            page = page_of(found, limit=limit, key=lambda user: (user.created_at, user.user_id))
        case "name":
            found = _by_name(_searched(users.all(), term, status), after, limit + 1)
            page = page_of(found, limit=limit, key=lambda user: (user.name_key, user.user_id))
        case _:
            found = _by_id(users.all(), term, status, after, limit + 1)
            page = page_of(found, limit=limit, key=lambda user: user.user_id)
    return Page(items=[_view(user) for user in page.items], next=page.next)


def _by_id(users: "QuerySet[User]", term: str, status: str, after: str | None, count: int) -> list[User]:
    last_user_id = ""
    if after is not None:
        last_user_id = from_cursor(after, str, parameter="after")
        check_text(last_user_id, parameter="after")
    if term:
        users = users.filter(user_id__in=_matching(term, LISTED[status], last_user_id, count, users.db))
    else:
        users = users.filter(status__in=LISTED[status], user_id__gt=last_user_id)
    return list(users.order_by("user_id")[:count])


def _newest(users: "QuerySet[User]", after: str | None, count: int) -> list[User]:
    known, unknown = users.filter(created_at__isnull=False), users.filter(created_at=None)
    if after is not None:
        key = from_cursor(after, NewestKey, parameter="after")
        check_text(key.user_id, parameter="after")
        if key.created_at is None:
            known, unknown = known.none(), unknown.filter(user_id__lt=key.user_id)
        else:
            # What lies before the time is found by the index; of that very time, those are left out that came before.
            at = utc(key.created_at)
            known = known.filter(created_at__lte=at).exclude(created_at=at, user_id__gte=key.user_id)
    found = list(known.order_by("-created_at", "-user_id")[:count])
    return found + list(unknown.order_by("-user_id")[: count - len(found)])


def _by_name(users: "QuerySet[User]", after: str | None, count: int) -> list[Any]:
    named = users.annotate(name_key=NameKey("folded"))
    if after is not None:
        key = from_cursor(after, ByNameKey, parameter="after")
        check_text(key.name, parameter="after")
        check_text(key.user_id, parameter="after")
        named = named.filter(name_key__gte=key.name).exclude(name_key=key.name, user_id__lte=key.user_id)
    return list(named.order_by("name_key", "user_id")[:count])


def _searched(users: "QuerySet[User]", term: str, status: str) -> "QuerySet[User]":
    """Those of the status who have the term; few are found beforehand, many are met soon in whatever order."""
    statuses = LISTED[status]
    if not term:
        return users.filter(status__in=statuses)
    found = _all_matching(term, statuses, "", MAX_MATCHES, MAX_MATCHES, users.db)
    if found.is_good:
        return users.filter(user_id__in=[row[-1] for row in found.rows])
    # As a function, which the index of trigrams does not answer.
    return users.annotate(place=StrIndex("folded", Value(term))).filter(place__gt=0, status__in=statuses)


def _matching(term: str, statuses: list[User.Status], after: str, count: int, using: str) -> list[str]:
    """The ids of the next users who have the term in a name or the e-mail."""

    def walk(max_walked: int | None) -> Found:
        page = {"term": term, "statuses": _values(statuses), "after": after, "max_count": count}
        rows = _rows("next_matching", using, page | {"max_walked": max_walked})
        return Found(rows, is_good=len(rows) == count)

    def index(max_matches: int) -> Found:
        return _all_matching(term, statuses, after, count, max_matches, using)

    return [row[-1] for row in few_or_many(walk=walk, index=index)]


def _all_matching(
    term: str, statuses: list[User.Status], after: str, count: int, max_matches: int, using: str
) -> Found:
    """A page of all users who have the term, if they are not too many."""
    name = "all_matching" if len(term) >= TRIGRAM else "scanned_matching"
    page = {"term": term, "statuses": _values(statuses), "after": after, "max_count": count}
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", term) + "%"
    rows = _rows(name, using, page | {"pattern": pattern, "max_matches": max_matches})
    return Found([row for row in rows if row[1] is not None], is_good=rows[0][0] <= max_matches)


def _values(statuses: list[User.Status]) -> list[str]:
    return [one.value for one in statuses]


def _rows(name: str, using: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())


def _view(user: User) -> UserView:
    return UserView(
        user_id=user.user_id,
        username=user.username,
        display_name=user.display_name,
        email=user.email,
        avatar_url=user.avatar_url,
        is_verified=user.is_verified,
        follower_count=user.follower_count,
        roles=user.roles,
        status=user.status,
        created_at=user.created_at,
        updated_at=user.updated_at,
        deleted_at=user.deleted_at,
    )
