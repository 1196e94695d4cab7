"""A policy: whenever something happens, and its condition holds, an aggregate is given a command, once."""

from uuid import uuid4

import pytest

from events.api import StreamId, execute, get_events
from nova.services.identity.aggregates import CreateUser, DeactivateUser
from outbox.api import ConsumerGroup, take_effect
from outbox.testing import received
from sagas.api import whenever
from tests.support.trips import ChargeRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> ConsumerGroup:
    """Whoever is suspected of fraud is deactivated."""
    monkeypatch.setattr("sagas.policies.register_handlers", lambda *_: None)
    handler = whenever(
        ChargeRefused,
        when=lambda refused: refused.why == "fraud",
        do=lambda refused: (refused.trip_id, DeactivateUser()) if refused.trip_id != "nobody" else None,
        group="travel",
        name="deactivate-frauds",
    )
    return ConsumerGroup(name="travel", topics=("tests",), handlers=(handler,))


def hear(group: ConsumerGroup, user_id: str, why: str, *, again: bool = False) -> None:
    event = received(ChargeRefused(trip_id=user_id, why=why), event_id=uuid4())
    for _ in range(2 if again else 1):
        take_effect(group, [event], again=again)


def types(user_id: str) -> list[str]:
    return [event.event_type for event in get_events(StreamId("user", user_id))]


def test_a_command_is_given_once_however_often_the_event_comes(group: ConsumerGroup) -> None:
    execute("eve", CreateUser(email="eve@example.org", name="Eve"))

    hear(group, "eve", "fraud", again=True)

    assert types("eve") == ["user.created", "user.deactivated"]


def test_nothing_is_done_where_the_condition_does_not_hold_or_nothing_is_wanted(group: ConsumerGroup) -> None:
    execute("eve", CreateUser(email="eve@example.org", name="Eve"))

    hear(group, "eve", "no funds")
    hear(group, "nobody", "fraud")

    assert types("eve") == ["user.created"]
    assert types("nobody") == []


def test_a_command_that_the_rules_are_against_holds_nothing_up(group: ConsumerGroup) -> None:
    execute("eve", CreateUser(email="eve@example.org", name="Eve"))
    execute("eve", DeactivateUser())

    hear(group, "eve", "fraud")

    assert types("eve") == ["user.created", "user.deactivated"]
