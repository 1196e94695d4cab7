"""Events of people and their accounts."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from events.api import Topic, event
from nova.services.field_types import Id, ShortText, Text, Timestamp

OWNER = "identity-service"
IDENTITY = Topic(
    name="nova.identity.events", partitions=3, setting="KAFKA_IDENTITY_EVENTS_TOPIC", families=("identity",)
)
USERS = Topic(name="{prefix}.user.events", families=("user",))
NOTICES = Topic(name="{prefix}.notice.events")


@event("identity.user.created", owner=OWNER, topic=IDENTITY, key="user_id", aliases=("UserCreatedEvent",))
class IdentityUserCreated(Struct, frozen=True, kw_only=True):
    """An account was opened."""

    user_id: Id
    username: ShortText
    email: ShortText
    created_at: Timestamp


@event(
    "identity.user.profile_updated", owner=OWNER, topic=IDENTITY, key="user_id", aliases=("UserProfileUpdatedEvent",)
)
class IdentityUserProfileUpdated(Struct, frozen=True, kw_only=True):
    """A profile was changed; the event carries all of it."""

    user_id: Id
    username: ShortText
    display_name: ShortText | None
    avatar_url: Annotated[str, Meta(max_length=2_048)] | None
    is_verified: bool
    follower_count: Annotated[int, Meta(ge=0)]
    updated_at: Timestamp


@event("identity.user.deleted", owner=OWNER, topic=IDENTITY, key="user_id", aliases=("UserDeletedEvent",))
class IdentityUserDeleted(Struct, frozen=True, kw_only=True):
    """An account was closed."""

    user_id: Id
    deleted_at: Timestamp
    soft_delete: bool
    """Whether the account can be opened again; what is not soft takes the personal data with it."""


@event("user.created", owner=OWNER, topic=USERS, key="user_id")
class UserCreated(Struct, frozen=True, kw_only=True):
    """A user came into being."""

    user_id: Id
    email: ShortText
    created_at: Timestamp
    username: ShortText | None = None


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field before and after."""

    field: ShortText
    old: Any = None
    new: Any = None


@event("user.updated", owner=OWNER, topic=USERS, key="user_id")
class UserUpdated(Struct, frozen=True, kw_only=True):
    """Fields of a user were changed."""

    user_id: Id
    changes: list[FieldChange]


@event("user.deleted", owner=OWNER, topic=USERS, key="user_id")
class UserDeleted(Struct, frozen=True, kw_only=True):
    """A user is gone."""

    user_id: Id
    deleted_at: Timestamp


@event("user.role_assigned", owner=OWNER, topic=USERS, key="user_id")
class UserRoleAssigned(Struct, frozen=True, kw_only=True):
    """A user was given a role."""

    user_id: Id
    role_id: Id


@event("user.email_changed", owner=OWNER, topic=USERS, key="user_id")
class UserEmailChanged(Struct, frozen=True, kw_only=True):
    """A user is reached under another address."""

    user_id: Id
    old_email: ShortText
    new_email: ShortText


@event("user.name_changed", owner=OWNER, topic=USERS, key="user_id")
class UserNameChanged(Struct, frozen=True, kw_only=True):
    """A user goes by another name."""

    user_id: Id
    old_name: ShortText
    new_name: ShortText


@event("user.deactivated", owner=OWNER, topic=USERS, key="user_id")
class UserDeactivated(Struct, frozen=True, kw_only=True):
    """A user's account does nothing any more; it is still there."""

    user_id: Id
    deactivated_at: Timestamp


@event("user.profile_completed", owner=OWNER, topic=USERS, key="user_id")
class UserProfileCompleted(Struct, frozen=True, kw_only=True):
    """A user has said all that there is to say."""

    user_id: Id


Subject = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\r\n]*$")]
NoticeRefusal = Literal["user_unknown", "user_not_active", "address_refused"]


@event("user.notice_requested", owner=OWNER, topic=NOTICES, key="notice_id")
class NoticeRequested(Struct, frozen=True, kw_only=True):
    """Somebody asks to tell a user something by mail.

    Its answer, `user.notice_sent` or `user.notice_refused`, is caused by it. Asked for again under another event id, a
    notice is answered again and sent no second time.
    """

    user_id: Id
    notice_id: Id
    """Names what the user is told: for each there is one mail."""
    reference: Id
    """What it is about, such as an order; the answer repeats it, so that whoever has asked finds where it belongs."""
    subject: Subject
    message: Text


@event("user.notice_accepted", owner=OWNER, topic=NOTICES, key="notice_id")
class NoticeAccepted(Struct, frozen=True, kw_only=True):
    """A notice is asked for the first time, and goes out."""

    user_id: Id
    notice_id: Id
    reference: Id
    subject: Subject
    message: Text


@event("user.notice_sent", owner=OWNER, topic=NOTICES, key="notice_id")
class NoticeSent(Struct, frozen=True, kw_only=True):
    """A notice was handed to the mail server, at that request or before."""

    user_id: Id
    notice_id: Id
    reference: Id


@event("user.notice_refused", owner=OWNER, topic=NOTICES, key="notice_id")
class NoticeRefused(Struct, frozen=True, kw_only=True):
    """A notice cannot be sent: there is no such user, the account is closed, or nobody has the address."""

    user_id: Id
    notice_id: Id
    reference: Id
    code: NoticeRefusal
    reason: ShortText
