"""Events tell what has happened, and their names say so."""

import pytest
from msgspec import Struct

from events.api import event
from events.checks import names_are_in_the_past_tense, settings_are_sound
from events.types.naming import is_past_tense
from events.types.registry import registry
from tests.support.versions import own_registry


class Anything(Struct, frozen=True, kw_only=True):
    pass


@pytest.mark.parametrize(
    "name",
    [
        "order.created",
        "order.paid",
        "user.role_assigned",
        "a.b.profile-updated",
        "OrderShipped",
        "message.sent",
        "terms.agreed",
        "seat.taken",
    ],
)
def test_what_has_happened_is_in_the_past_tense(name: str) -> None:
    assert is_past_tense(name)


@pytest.mark.parametrize(
    "name",
    [
        "order.create",
        "order.pay",
        "created.order",
        "user.need",
        "rss.feed",
        "order.proceed",
        "order.1",
        "CreateOrder",
        "order.payment",
        "red",
        "order._",
    ],
)
def test_what_is_a_command_or_a_thing_is_not(name: str) -> None:
    assert not is_past_tense(name)


def test_all_of_novas_own_events_are() -> None:
    assert {known.name for known in registry if not is_past_tense(known.name)} == {"inventory.insufficient"}
    assert names_are_in_the_past_tense() == []


def test_a_name_that_is_not_is_warned_of_unless_it_is_an_exception(settings: object) -> None:
    with own_registry():
        event("order.pay", owner="tests")(Anything)

        (warning,) = names_are_in_the_past_tense()
        assert (warning.id, warning.is_serious()) == ("events.W001", False)
        assert "order.paid, not order.pay" in str(warning.hint)

        settings.NOVA_EVENT_NAME_EXCEPTIONS = [*settings.NOVA_EVENT_NAME_EXCEPTIONS, "order.pay"]  # type: ignore[attr-defined]
        assert names_are_in_the_past_tense() == []

        settings.NOVA_EVENT_NAME_EXCEPTIONS = "order.pay"  # type: ignore[attr-defined]
        assert [error.id for error in settings_are_sound()] == ["events.E005"]
