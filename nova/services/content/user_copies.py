"""Copies of users: what the content service knows of them without asking identity, in Redis, for 24 hours.

`user:{user_id}` is a JSON object of id, username and e-mail. The truth is a row of the service's own, written by its
handler from the events of the identity service in the inbox transaction; Redis is a cache in front of it, and is filled
again from the row wherever it has lost a copy. No copy is older than its row:

1. The handler removes the copy while it holds the row, and puts the new one there after the commit. If that is lost,
   the next reader does it.
2. A reader puts a copy there only while it holds the row. One that finds it held by somebody else, who may be changing
   it, reads it and leaves Redis alone.

So the handler waits while Redis is away, and readers have the table meanwhile. Events of a user come by two topics, in
any order: each field takes what was said of it last, by the event's own time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import redis
from django.db import connection, transaction
from msgspec import Struct

from kit.conf import shared_conf
from kit.outage_log import outage_log
from kit.postgresql.many import Statements
from kit.redis import shared_client
from nova.services.content.models import KnownUser
from nova.services.content.sql.statements import statement
from nova.services.identity.events import (
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeleted,
    UserEmailChanged,
    UserNameChanged,
    UserUpdated,
)
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent, have_effect
from projections.api import UnexpectedPayload

LIFETIME = 24 * 3_600  # seconds
TIMEOUT = 2.0
AT_ONCE = 1_000
FIELDS = ("username", "email")
DELETED: dict[str, Any] = dict.fromkeys(FIELDS, "") | {
    "named_at": None,
    "emailed_at": None,
    "is_created": True,
    "is_deleted": True,
}
"""All that a row says of a user who is deleted."""
EVENT_TYPES = (
    "user.created",
    "user.updated",
    "user.deleted",
    "user.name_changed",
    "user.email_changed",
    "identity.user.created",
    "identity.user.profile_updated",
    "identity.user.deleted",
)


class LocalUser(Struct, frozen=True):
    """What another service knows of a user."""

    id: str
    username: str
    email: str


def local_user(user_id: str) -> LocalUser | None:
    """What is known of the user, or None for one that is not known here or is deleted."""
    try:
        found = _redis().get(_key(user_id))
        if isinstance(found, bytes):
            return msgspec.json.decode(found, type=LocalUser)
        # A row that somebody else holds is read where it stands.
        return _copied([user_id]).get(user_id) or _stored(user_id)
    except redis.RedisError as error:
        outage_log("redis").lost(error, instead="users are read from PostgreSQL")
        return _stored(user_id)


def keep_local_users(events: Sequence[ReceivedEvent]) -> None:
    """Let rows and copies follow the events. Raises `redis.RedisError`."""
    said, user_ids = Statements(), set()
    for event in events:
        match event.payload:
            case UserCreated(user_id=user_id) | IdentityUserCreated(user_id=user_id):
                fields = {"username": event.payload.username or "", "email": event.payload.email}
                _say(said, user_id, event.payload.created_at, fields, is_created=True)
            case IdentityUserProfileUpdated(user_id=user_id, username=username, updated_at=updated_at):
                _say(said, user_id, updated_at, {"username": username})
            case UserNameChanged(user_id=user_id, new_name=username):
                _say(said, user_id, event.timestamp, {"username": username})
            case UserEmailChanged(user_id=user_id, new_email=email):
                _say(said, user_id, event.timestamp, {"email": email})
            case UserUpdated(user_id=user_id, changes=changes):
                fields = {one.field: str(one.new or "") for one in changes if one.field in FIELDS}
                _say(said, user_id, event.timestamp, fields)
            case UserDeleted(user_id=user_id) | IdentityUserDeleted(user_id=user_id):
                # Known as deleted from now on, whatever comes of it later.
                said.run()
                KnownUser.objects.update_or_create(user_id=user_id, defaults=DELETED)
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
        user_ids.add(user_id)
    said.run()
    concerned = sorted(user_ids)
    have_effect(lambda: forget_copies(concerned))
    transaction.on_commit(partial(_show_copies, concerned), robust=True)


def forget_copies(user_ids: Sequence[str]) -> None:
    """Let readers read these users anew. Raises `redis.RedisError`."""
    for start in range(0, len(user_ids), AT_ONCE):
        _redis().delete(*map(_key, user_ids[start : start + AT_ONCE]))


def _say(
    said: Statements, user_id: str, said_at: datetime, fields: Mapping[str, str], *, is_created: bool = False
) -> None:
    """Take what is said, whenever that comes; before its creation is heard of, nobody is shown the user."""
    if fields:
        values: dict[str, Any] = {"user_id": user_id, "said_at": utc(said_at), "is_created": is_created}
        said.add(statement("known_user"), user_id, **values | {name: fields.get(name) for name in FIELDS})


def _show_copies(user_ids: Sequence[str]) -> None:
    try:
        _copied(user_ids)
    except redis.RedisError as error:
        # The next reader does it.
        outage_log("redis").lost(error, lost="copies of users")


def _copied(user_ids: Sequence[str]) -> Mapping[str, LocalUser]:
    """What the rows say that nobody else holds, put into Redis. Raises `redis.RedisError`."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement("users_to_copy"), {"user_ids": list(user_ids)})
            users = {row[0]: LocalUser(*row) for row in cursor.fetchall()}
        if users:
            with _redis().pipeline(transaction=False) as pipeline:
                for user_id, user in users.items():
                    pipeline.set(_key(user_id), msgspec.json.encode(user), ex=LIFETIME)
                pipeline.execute()
    return users


def _stored(user_id: str) -> LocalUser | None:
    row = KnownUser.objects.filter(user_id=user_id, is_created=True, is_deleted=False).first()
    return None if row is None else LocalUser(row.user_id, row.username, row.email)


def _redis() -> redis.Redis:
    return shared_client(shared_conf().redis_url, timeout=TIMEOUT)


def _key(user_id: str) -> str:
    return f"user:{user_id}"
