"""User aggregate: what may happen to a user, and what is known of one afterwards.

The aggregate begins with `user.created` and says what changed with events of their own names: `user.email_changed`,
`user.name_changed`, `user.profile_completed`, `user.deactivated`, `user.deletion_requested`,
`user.deletion_withdrawn`; and `identity.user.deleted` at the end of a deletion. `user.updated`, `user.deleted` and
`user.role_assigned`, and the other `identity.*` events of the account service, come from elsewhere into the same
streams; the aggregate folds them all, so that its rules hold whoever wrote.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from events.api import Aggregate, AggregateNotFound, Command, CommandRefused, Issued, StreamId, aggregates
from nova.services.field_types import Id
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserDeletionRequested,
    UserDeletionWithdrawn,
    UserEmailChanged,
    UserNameChanged,
    UserProfileCompleted,
    UserUpdated,
)

Email = Annotated[str, Meta(min_length=3, max_length=255, pattern=r"^[^@\s]+@[^@\s]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]


class CreateUser(Command, frozen=True, kw_only=True):
    """Open an account."""

    email: Email
    name: Name


class ChangeEmail(Command, frozen=True, kw_only=True):
    """Reach the user under another address."""

    email: Email


class ChangeName(Command, frozen=True, kw_only=True):
    """Call the user by another name."""

    name: Name


class CompleteProfile(Command, frozen=True, kw_only=True):
    """Say that the profile is complete."""


class DeactivateUser(Command, frozen=True, kw_only=True):
    """Let the account do nothing any more."""


class RequestDeletion(Command, frozen=True, kw_only=True):
    """Have the account deleted, with everything that belongs to it, once the time for second thoughts is over."""


class WithdrawDeletion(Command, frozen=True, kw_only=True):
    """Keep the account after all."""


class CloseAccount(Command, frozen=True, kw_only=True):
    """Close the account for good, as its deletion wants it."""

    deletion_id: Id


class UserAlreadyExists(CommandRefused):
    """The id belongs to a user already, or belonged to one."""

    code = "user_already_exists"


class UserNotActive(CommandRefused):
    """There is no such user, or the account is deactivated or deleted."""

    code = "user_not_active"


class UserUnknown(AggregateNotFound, UserNotActive):
    """There is no such user, and never was."""


class UserAlreadyDeactivated(CommandRefused):
    """The account is not active any more."""

    code = "user_already_deactivated"


class DeletionNotRequested(CommandRefused):
    """Nobody wants this account deleted, or no longer."""

    code = "deletion_not_requested"


class User(Struct, frozen=True, kw_only=True):
    """What is known of a user."""

    status: Literal["none", "active", "inactive", "deleted"] = "none"
    email: str = ""
    name: str = ""
    is_complete: bool = False
    deletion_id: str = ""
    """The deletion that is wanted; empty when none is."""
    is_erased: bool = False
    """Whether it was deleted for good."""


def decide(state: User, command: Command, issued: Issued) -> list[Struct]:  # noqa: PLR0911 - one branch per command
    """What a command brings about."""
    user_id = issued.aggregate_id
    match command:
        case CreateUser(email=email, name=name):
            if state.status != "none":
                raise UserAlreadyExists(f"user {user_id} is {state.status}")
            return [UserCreated(user_id=user_id, email=email, username=name, created_at=issued.at)]
        case ChangeEmail(email=email):
            _check_active(state, user_id)
            if email == state.email:
                return []
            return [UserEmailChanged(user_id=user_id, old_email=state.email, new_email=email)]
        case ChangeName(name=name):
            _check_active(state, user_id)
            if name == state.name:
                return []
            return [UserNameChanged(user_id=user_id, old_name=state.name, new_name=name)]
        case CompleteProfile():
            _check_active(state, user_id)
            return [] if state.is_complete else [UserProfileCompleted(user_id=user_id)]
        case DeactivateUser():
            if state.status in {"inactive", "deleted"}:
                raise UserAlreadyDeactivated(f"user {user_id} is {state.status}")
            _check_active(state, user_id)
            return [UserDeactivated(user_id=user_id, deactivated_at=issued.at)]
        case RequestDeletion() | WithdrawDeletion() | CloseAccount():
            return _decide_deletion(state, command, issued)
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a user")


def evolve(state: User, payload: Struct) -> User:  # noqa: PLR0911 - one branch per event
    """What is so after an event."""
    match payload:
        case UserCreated(email=email, username=name) | IdentityUserCreated(email=email, username=name):
            return state if state.status != "none" else User(status="active", email=email, name=name or "")
        case UserEmailChanged(new_email=email):
            return structs.replace(state, email=email)
        case UserNameChanged(new_name=name):
            return structs.replace(state, name=name)
        case IdentityUserProfileUpdated(username=name):
            return structs.replace(state, name=name)
        case UserUpdated(changes=changes):
            return structs.replace(state, **_known(changes))
        case UserProfileCompleted():
            return structs.replace(state, is_complete=True)
        case UserDeactivated():
            return structs.replace(state, status="inactive")
        case UserDeletionRequested(deletion_id=deletion_id):
            return structs.replace(state, deletion_id=deletion_id)
        case UserDeletionWithdrawn():
            return structs.replace(state, deletion_id="")
        case IdentityUserDeleted(soft_delete=False):
            return User(status="deleted", is_erased=True)
        case IdentityUserDeleted() | UserDeleted():
            return structs.replace(state, status="deleted")
        case _:
            return state


def _decide_deletion(
    state: User, command: RequestDeletion | WithdrawDeletion | CloseAccount, issued: Issued
) -> list[Struct]:
    """Accounts that are deactivated, or deleted but not for good, have the right to erasure too."""
    user_id, deletion_id = issued.aggregate_id, state.deletion_id
    if state.status == "none":
        raise UserUnknown(StreamId("user", user_id))
    if isinstance(command, CloseAccount):
        if state.is_erased:
            return []
        if command.deletion_id != deletion_id:
            raise DeletionNotRequested(f"the deletion of user {user_id} is not wanted any more")
        return [IdentityUserDeleted(user_id=user_id, deleted_at=issued.at, soft_delete=False)]
    if state.is_erased:
        raise UserNotActive(f"user {user_id} is deleted")
    if isinstance(command, WithdrawDeletion):
        withdrawn = UserDeletionWithdrawn(user_id=user_id, deletion_id=deletion_id, withdrawn_at=issued.at)
        return [withdrawn] if deletion_id else []
    if deletion_id:
        return []
    return [UserDeletionRequested(user_id=user_id, deletion_id=str(issued.command_id), requested_at=issued.at)]


def _check_active(state: User, user_id: str) -> None:
    if state.status == "none":
        raise UserUnknown(StreamId("user", user_id))
    if state.status != "active":
        raise UserNotActive(f"user {user_id} is {state.status}")


def _known(changes: list[FieldChange]) -> dict[str, str]:
    fields = {"email": "email", "username": "name"}
    return {
        fields[change.field]: change.new for change in changes if change.field in fields and isinstance(change.new, str)
    }


USER = aggregates.register(
    Aggregate(
        name="user",
        initial=User(),
        decide=decide,
        evolve=evolve,
        fold_version=3,
        events=(
            *(UserCreated, UserEmailChanged, UserNameChanged, UserDeactivated, UserUpdated, UserDeleted),
            *(UserProfileCompleted, UserDeletionRequested, UserDeletionWithdrawn),
            *(IdentityUserCreated, IdentityUserProfileUpdated, IdentityUserDeleted),
        ),
        commands={
            "create": CreateUser,
            "change_email": ChangeEmail,
            "change_name": ChangeName,
            "complete_profile": CompleteProfile,
            "deactivate": DeactivateUser,
            "request_deletion": RequestDeletion,
            "withdraw_deletion": WithdrawDeletion,
            "close": CloseAccount,
        },
    )
)
