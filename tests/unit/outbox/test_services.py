"""Service registry: every aggregate has one owner, and listeners are known."""

import pytest

from events.types import owners
from outbox import services
from outbox.api import Service, listeners_of, owner_of, register_services, registered_services, service_named
from outbox.checks import aggregates_have_one_owner
from outbox.exceptions import UnknownService


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_services", {})
    monkeypatch.setattr(owners, "_owners", {})


def test_the_owner_and_the_listeners_of_aggregates_are_known() -> None:
    identity = Service(name="identity", owns=frozenset({"user"}))
    feed = Service(name="feed", listens=frozenset({"user"}))
    register_services([identity, feed])

    assert owner_of("user") is identity
    assert owner_of("post") is None
    assert listeners_of("user") == (feed,)
    assert service_named("feed") is feed
    assert registered_services() == (identity, feed)
    with pytest.raises(UnknownService, match="there are: identity, feed"):
        service_named("other")
    assert aggregates_have_one_owner() == []


def test_the_store_is_told_who_owns_what() -> None:
    register_services([Service(name="identity", owns=frozenset({"user", "role"}))])
    register_services([Service(name="identity", owns=frozenset({"user"})), Service(name="feed")])

    assert owners.owner_of("user") == "identity"
    assert owners.owner_of("role") is None
    assert (owners.is_owner("identity"), owners.is_owner("feed")) == (True, False)


def test_two_owners_and_nobody_s_events_are_refused_at_start() -> None:
    register_services(
        [
            Service(name="a", owns=frozenset({"user"})),
            Service(name="b", owns=frozenset({"user"}), listens=frozenset({"post"})),
            Service(name="c", owns=frozenset({"order"}), listens=frozenset({"order"})),
        ]
    )

    assert [problem.id for problem in aggregates_have_one_owner()] == ["outbox.E015", "outbox.E016", "outbox.E016"]
