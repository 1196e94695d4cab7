"""Users projection: the identity events as rows of the table `users_read`.

The log is the authority: events count in its order. A user is known from the first event on, whichever that is; an
event of creation fills in only what is not known yet, and a deletion is final. Deletion for good takes the personal
data with it; either way the user's account lets go of its e-mail address.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from django.db import connection
from django.db.models import Model
from msgspec import Struct, field

from events.envelope import RecordedEvent
from nova.services.identity.accounts import close_accounts
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserNameChanged,
    UserRoleAssigned,
    UserUpdated,
)
from nova.services.identity.models import User
from nova.services.identity.sql.statements import statement
from nova.services.text_folding import fold
from nova.services.timestamps import utc
from projections.api import FoldedProjection, UnexpectedPayload, register_projections

USERS = "users"
"""Tag of cached answers that are made of users."""
PERSONAL = ("username", "display_name", "email", "avatar_url")
MAX_LENGTH = {"username": 255, "display_name": 255, "email": 255, "avatar_url": 2_048}

ACCOUNT_EVENTS = (IdentityUserDeleted, UserDeleted, UserCreated, UserEmailChanged)
"""Those after which a deleted user may have an address."""


class UserRow(Struct, kw_only=True):
    """A row of `users_read` while events change it; the columns are explained in `models`."""

    user_id: str
    username: str = ""
    display_name: str = ""
    email: str = ""
    avatar_url: str = ""
    is_verified: bool = False
    follower_count: int = 0
    roles: list[str] = field(default_factory=list)
    status: str = User.Status.ACTIVE.value
    is_erased: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    folded: str = ""


class UsersProjection(FoldedProjection[UserRow]):
    """Keeps `users_read`, one statement to read and one to write for a whole batch."""

    name = "users"
    version = 1
    event_types = frozenset(
        {
            "identity.user.created",
            "identity.user.profile_updated",
            "identity.user.deleted",
            "user.created",
            "user.updated",
            "user.email_changed",
            "user.name_changed",
            "user.deactivated",
            "user.deleted",
            "user.role_assigned",
        }
    )
    models: ClassVar[tuple[type[Model], ...]] = (User,)
    cache_tags = (USERS,)

    def key_of(self, event: RecordedEvent) -> str:
        """The user."""
        return user_id_of(event)

    def initial(self, key: str) -> UserRow:
        """A user of whom nothing is known."""
        return UserRow(user_id=key)

    def evolve(self, state: UserRow, event: RecordedEvent) -> UserRow:
        """The user, changed as the event says."""
        evolve(state, event)
        return state

    def load(self, keys: Collection[str]) -> dict[str, UserRow]:
        """Users as the table has them."""
        with connection.cursor() as cursor:
            cursor.execute(statement("by_id"), {"user_ids": list(keys)})
            return {row[0]: UserRow(**dict(zip(COLUMNS, row, strict=True))) for row in cursor.fetchall()}

    def save(self, states: Collection[UserRow]) -> None:
        """Write whole users."""
        with connection.cursor() as cursor:
            # As one document: a parameter for each value would cost more than all the rest.
            cursor.execute(statement("upsert"), {"users": msgspec.json.encode(list(states)).decode()})

    def on_applied(self, events: Sequence[RecordedEvent]) -> None:
        """Let the accounts of deleted users go of their addresses, also of those given after the deletion."""
        if concerned := {user_id_of(event) for event in events if isinstance(event.payload, ACCOUNT_EVENTS)}:
            close_accounts(User.objects.filter(user_id__in=concerned, deleted_at__isnull=False).values("user_id"))


def user_id_of(event: RecordedEvent) -> str:
    """Whom the event speaks of. Raises `UnexpectedPayload` for a payload that is none of the projection's."""
    match event.payload:
        case (
            IdentityUserCreated(user_id=user_id)
            | IdentityUserProfileUpdated(user_id=user_id)
            | IdentityUserDeleted(user_id=user_id)
            | UserCreated(user_id=user_id)
            | UserUpdated(user_id=user_id)
            | UserEmailChanged(user_id=user_id)
            | UserNameChanged(user_id=user_id)
            | UserDeactivated(user_id=user_id)
            | UserDeleted(user_id=user_id)
            | UserRoleAssigned(user_id=user_id)
        ):
            return user_id
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def evolve(user: UserRow, event: RecordedEvent) -> None:
    """Change the user as the event says; touches no database."""
    match event.payload:
        case IdentityUserCreated() | UserCreated() as created:
            user.created_at = user.created_at or utc(created.created_at)
            if not user.is_erased:
                user.username = user.username or created.username or ""
                user.email = user.email or created.email
        case IdentityUserProfileUpdated() as profile:
            if not user.is_erased:
                user.username = profile.username
                user.display_name = profile.display_name or ""
                user.avatar_url = profile.avatar_url or ""
            user.is_verified = profile.is_verified
            user.follower_count = profile.follower_count
        case UserUpdated(changes=changes):
            for change in changes:
                _change(user, change)
        case UserEmailChanged(new_email=email):
            _change(user, FieldChange(field="email", new=email))
        case UserNameChanged(new_name=name):
            _change(user, FieldChange(field="username", new=name))
        case UserDeactivated() if user.status == User.Status.ACTIVE:
            user.status = User.Status.INACTIVE.value
        case UserRoleAssigned(role_id=role_id):
            user.roles = sorted({*user.roles, role_id})
        case IdentityUserDeleted() as deleted:
            _delete(user, deleted.deleted_at, for_good=not deleted.soft_delete)
        case UserDeleted() as deleted:
            _delete(user, deleted.deleted_at, for_good=False)
    user.updated_at = event.timestamp
    # A folded text has no line break, so that none can be searched for across two fields.
    user.folded = "\n".join(fold(text) for text in (user.username, user.display_name, user.email) if text)


def _change(user: UserRow, change: FieldChange) -> None:
    """Take over a field that the read model has; what it cannot hold is cut or left out rather than refused."""
    match change.field, change.new:
        case ("username" | "display_name" | "email" | "avatar_url") as name, str() | None as text:
            if not user.is_erased:
                setattr(user, name, (text or "")[: MAX_LENGTH[name]])
        case "is_verified", bool(verified):
            user.is_verified = verified
        case "follower_count", int(count) if not isinstance(change.new, bool) and count >= 0:
            user.follower_count = count


def _delete(user: UserRow, timestamp: datetime, *, for_good: bool) -> None:
    user.status = User.Status.DELETED.value
    user.deleted_at = user.deleted_at or utc(timestamp)
    if for_good:
        user.is_erased = True
        wiped: dict[str, Any] = dict.fromkeys(PERSONAL, "") | {"roles": [], "is_verified": False}
        for name, value in wiped.items():
            setattr(user, name, value)


COLUMNS = UserRow.__struct_fields__[:-1]
PROJECTION = UsersProjection()
register_projections(PROJECTION)
