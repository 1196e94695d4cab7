"""The given/when/then kit fails where the aggregate does something else, and says what."""

import pytest

from events.testing import AT, ID, given
from nova.services.identity.aggregates import CreateUser, DeactivateUser
from nova.services.identity.events import (
    UserCreated,
    UserDeactivated,
)

USER_CREATED = UserCreated(user_id=ID, email="ann@example.org", username="Ann", created_at=AT)
DEACTIVATED = UserDeactivated(user_id=ID, deactivated_at=AT)
CREATE_USER = CreateUser(email="ann@example.org", name="Ann")


def test_the_kit_says_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match="refused with 'user_not_active'"):
        given().when(DeactivateUser()).then(DEACTIVATED)
    with pytest.raises(AssertionError, match=r"but there happened\n  UserDeactivated"):
        given(USER_CREATED).when(DeactivateUser()).then(USER_CREATED)
    with pytest.raises(AssertionError, match="but there happened"):
        given().when(CREATE_USER).then_refused("user_not_active")
    with pytest.raises(AssertionError, match="it was 'user_already_exists'"):
        given(USER_CREATED).when(CREATE_USER).then_refused("user_not_active")
    with pytest.raises(AssertionError, match="inactive"):
        given(USER_CREATED).when(DeactivateUser()).then_state(status="active")
