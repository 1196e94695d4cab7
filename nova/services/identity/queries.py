"""Queries of users: get one, list them, search by name or e-mail."""

import re
from datetime import datetime
from typing import Annotated, Any

from django.db import connections
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.schema import one_of
from nova.services.identity.exceptions import UserNotFound
from nova.services.identity.models import User
from nova.services.identity.sql.statements import statement
from nova.services.matching import Found, few_or_many
from nova.services.text_folding import fold
from projections.api import Page, check_limit, check_text, from_cursor, page_of

MAX_TERM = 255
TRIGRAM = 3
"""What is shorter no index of trigrams finds; asked all the same, it goes through all of its own."""
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


def list_users(
    *, search: str = "", status: str = "active", after: str | None = None, limit: int = 50, using: str = "default"
) -> Page[UserView]:
    """A page of users by id: `active` ones, deactivated ones (`inactive`), or `any` of the two, deleted ones never.

    With `search`, those with the text in a name or the e-mail. Raises `InvalidParameter`.
    """
    check_limit(limit)
    if status not in LISTED:
        raise InvalidParameter("status", "must be one of " + ", ".join(LISTED))
    check_text(search, parameter="search")
    if len(search) > MAX_TERM:
        raise InvalidParameter("search", f"must be at most {MAX_TERM} characters")
    users = User.objects.using(using).order_by("user_id")
    last_user_id = ""
    if after is not None:
        last_user_id = from_cursor(after, str, parameter="after")
        check_text(last_user_id, parameter="after")
    if term := fold(search):
        users = users.filter(user_id__in=_matching(term, LISTED[status], last_user_id, limit + 1, using))
    else:
        users = users.filter(status__in=LISTED[status], user_id__gt=last_user_id)
    return page_of([_view(user) for user in users[: limit + 1]], limit=limit, key=lambda user: user.user_id)


def _matching(term: str, statuses: list[User.Status], after: str, count: int, using: str) -> list[str]:
    """The ids of the next users who have the term in a name or the e-mail."""
    page = {"term": term, "statuses": [one.value for one in statuses], "after": after, "max_count": count}

    def walk(max_walked: int | None) -> Found:
        rows = _rows("next_matching", using, page | {"max_walked": max_walked})
        return Found(rows, is_good=len(rows) == count)

    def index(max_matches: int) -> Found:
        name = "all_matching" if len(term) >= TRIGRAM else "scanned_matching"
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", term) + "%"
        rows = _rows(name, using, page | {"pattern": pattern, "max_matches": max_matches})
        return Found([row for row in rows if row[1] is not None], is_good=rows[0][0] <= max_matches)

    return [row[-1] for row in few_or_many(walk=walk, index=index)]


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
