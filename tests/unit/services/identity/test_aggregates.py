"""The rules of users."""

from typing import Any

import pytest

from events.testing import AT, ID, given
from nova.services.identity.aggregates import ChangeEmail, ChangeName, CreateUser, DeactivateUser
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserDeleted,
    UserCreated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserNameChanged,
    UserUpdated,
)

USER_CREATED = UserCreated(user_id=ID, email="ann@example.org", username="Ann", created_at=AT)
DEACTIVATED = UserDeactivated(user_id=ID, deactivated_at=AT)
CREATE_USER = CreateUser(email="ann@example.org", name="Ann")


def test_the_life_of_a_user() -> None:
    given().when(CREATE_USER).then(USER_CREATED).then_state(status="active", email="ann@example.org", name="Ann")
    given(USER_CREATED).when(ChangeEmail(email="a@b.org")).then(
        UserEmailChanged(user_id=ID, old_email="ann@example.org", new_email="a@b.org")
    ).then_state(email="a@b.org")
    given(USER_CREATED).when(ChangeName(name="Anne")).then(
        UserNameChanged(user_id=ID, old_name="Ann", new_name="Anne")
    ).then_state(name="Anne")
    given(USER_CREATED).when(DeactivateUser()).then(DEACTIVATED).then_state(status="inactive")


@pytest.mark.parametrize(
    ("before", "command", "code"),
    [
        ([USER_CREATED], CREATE_USER, "user_already_exists"),
        ([USER_CREATED, DEACTIVATED], CREATE_USER, "user_already_exists"),
        ([], ChangeEmail(email="a@b.org"), "user_not_active"),
        ([], DeactivateUser(), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], ChangeEmail(email="a@b.org"), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], ChangeName(name="x"), "user_not_active"),
        ([USER_CREATED, DEACTIVATED], DeactivateUser(), "user_already_deactivated"),
        ([USER_CREATED, UserDeleted(user_id=ID, deleted_at=AT)], DeactivateUser(), "user_already_deactivated"),
    ],
)
def test_what_a_user_cannot_do(before: list[Any], command: Any, code: str) -> None:
    given(*before).when(command).then_refused(code)


def test_what_is_so_already_brings_nothing_about() -> None:
    given(USER_CREATED).when(ChangeEmail(email="ann@example.org")).then()
    given(USER_CREATED).when(ChangeName(name="Ann")).then()


def test_a_user_whom_other_services_wrote_down() -> None:
    opened = IdentityUserCreated(user_id=ID, username="ann", email="x@y.z", created_at=AT)
    changed = UserUpdated(user_id=ID, changes=[FieldChange(field="email", old="x@y.z", new="n@y.z")])
    given(opened, changed).when(ChangeName(name="Ann")).then_state(email="n@y.z", name="Ann", status="active")
    erased = IdentityUserDeleted(user_id=ID, deleted_at=AT, soft_delete=False)
    given(opened, erased).when(CREATE_USER).then_refused("user_already_exists")
