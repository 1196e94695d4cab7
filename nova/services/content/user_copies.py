"""Copies of users: what the content service knows of them without asking identity, in Redis, for 24 hours.

`user:{user_id}` is a JSON object of id, username and e-mail, written by the service's own handler from the events of
the identity service. It is a cache: Redis may be emptied, and a user without a copy is one that is not known here.
"""

import msgspec
import redis
from msgspec import Struct

from kit.conf import shared_conf
from kit.redis import shared_client
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
from outbox.api import ReceivedEvent

LIFETIME = 24 * 3_600  # seconds
TIMEOUT = 2.0
FIELDS = ("username", "email")
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

# A change of a user of whom nothing is known here would make a copy that lacks the rest.
CHANGE = """
local found = redis.call('GET', KEYS[1])
if not found then return 0 end
local user = cjson.decode(found)
for i = 2, #ARGV, 2 do user[ARGV[i]] = ARGV[i + 1] end
redis.call('SET', KEYS[1], cjson.encode(user), 'EX', ARGV[1])
return 1
"""


class LocalUser(Struct, frozen=True, kw_only=True):
    """What another service knows of a user."""

    id: str
    username: str
    email: str


def local_user(user_id: str) -> LocalUser | None:
    """The copy, or None where there is none. Raises `redis.RedisError`."""
    found = shared_client(shared_conf().redis_url, timeout=TIMEOUT).get(_key(user_id))
    return msgspec.json.decode(found, type=LocalUser) if isinstance(found, bytes) else None


def keep_local_users(event: ReceivedEvent) -> None:
    """Let the copy follow the event. Raises `redis.RedisError`."""
    client = shared_client(shared_conf().redis_url, timeout=TIMEOUT)
    match event.payload:
        case UserCreated(user_id=user_id, email=email, username=username):
            _write(client, LocalUser(id=user_id, username=username or "", email=email))
        case IdentityUserCreated(user_id=user_id, email=email, username=username):
            _write(client, LocalUser(id=user_id, username=username, email=email))
        case IdentityUserProfileUpdated(user_id=user_id, username=username):
            _change(client, user_id, {"username": username})
        case UserNameChanged(user_id=user_id, new_name=username):
            _change(client, user_id, {"username": username})
        case UserEmailChanged(user_id=user_id, new_email=email):
            _change(client, user_id, {"email": email})
        case UserUpdated(user_id=user_id, changes=changes):
            _change(client, user_id, {one.field: str(one.new or "") for one in changes if one.field in FIELDS})
        case UserDeleted(user_id=user_id) | IdentityUserDeleted(user_id=user_id):
            client.delete(_key(user_id))


def _write(client: redis.Redis, user: LocalUser) -> None:
    client.set(_key(user.id), msgspec.json.encode(user), ex=LIFETIME)


def _change(client: redis.Redis, user_id: str, fields: dict[str, str]) -> None:
    if fields:
        pairs = [part for pair in fields.items() for part in pair]
        client.eval(CHANGE, 1, _key(user_id), LIFETIME, *pairs)


def _key(user_id: str) -> str:
    return f"user:{user_id}"
