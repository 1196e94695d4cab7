"""Which events tell of people and their accounts?"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from events.domain.types import Id, Moment, ShortText
from events.registry import event

OWNER = "identity-service"


@event("identity.user.created", owner=OWNER, key="user_id")
class IdentityUserCreated(Struct, frozen=True, kw_only=True):
    """An account was opened."""

    user_id: Id
    username: ShortText
    email: ShortText
    created_at: Moment


@event("identity.user.profile_updated", owner=OWNER, key="user_id")
class IdentityUserProfileUpdated(Struct, frozen=True, kw_only=True):
    """A profile was changed; the event carries all of it."""

    user_id: Id
    username: ShortText
    display_name: ShortText | None
    avatar_url: Annotated[str, Meta(max_length=2_048)] | None
    is_verified: bool
    follower_count: Annotated[int, Meta(ge=0)]
    updated_at: Moment


@event("identity.user.deleted", owner=OWNER, key="user_id")
class IdentityUserDeleted(Struct, frozen=True, kw_only=True):
    """An account was closed."""

    user_id: Id
    deleted_at: Moment
    soft_delete: bool
    """Whether the account can be opened again; what is not soft takes the personal data with it."""


@event("user.created", owner=OWNER, key="user_id")
class UserCreated(Struct, frozen=True, kw_only=True):
    """A user came into being."""

    user_id: Id
    email: ShortText
    created_at: Moment
    username: ShortText | None = None


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field before and after."""

    field: ShortText
    old: Any = None
    new: Any = None


@event("user.updated", owner=OWNER, key="user_id")
class UserUpdated(Struct, frozen=True, kw_only=True):
    """Fields of a user were changed."""

    user_id: Id
    changes: list[FieldChange]


@event("user.deleted", owner=OWNER, key="user_id")
class UserDeleted(Struct, frozen=True, kw_only=True):
    """A user is gone."""

    user_id: Id
    deleted_at: Moment


@event("user.role_assigned", owner=OWNER, key="user_id")
class UserRoleAssigned(Struct, frozen=True, kw_only=True):
    """A user was given a role."""

    user_id: Id
    role_id: Id
