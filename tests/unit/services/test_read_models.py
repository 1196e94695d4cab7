"""Every table that a service keeps can be verified against the log: somebody declares who fills it, and from what."""

from django.apps import apps
from django.db.models import Model

from nova.services.feed.models import ContentCallDecision
from nova.services.identity.models import UserAccount
from projections.api import handled_read_models, registered_projections

NOT_FROM_EVENTS: set[type[Model]] = {
    # Written in the transaction of the append that gives a user an address: who is refused one has no event.
    UserAccount,
    # What operators have decided.
    ContentCallDecision,
}


def kept() -> list[type[Model]]:
    """The tables of those who can be verified, as often as they are declared."""
    return [
        model
        for models in (
            *(projection.models for projection in registered_projections()),
            *(handled.models for handled in handled_read_models()),
        )
        for model in models
    ]


def tables_of_services() -> set[type[Model]]:
    return {
        model
        for config in apps.get_app_configs()
        if config.name.startswith("nova.services.")
        for model in config.get_models()
    }


def test_every_table_of_a_service_is_declared_by_somebody_who_can_be_verified() -> None:
    assert tables_of_services() - set(kept()) == NOT_FROM_EVENTS


def test_no_table_is_declared_twice() -> None:
    assert len(kept()) == len(set(kept()))


def test_what_is_declared_names_handlers_that_there_are() -> None:
    for model in handled_read_models():
        group, handlers = model.keepers()
        assert handlers, model.name
        assert group.name == model.group
