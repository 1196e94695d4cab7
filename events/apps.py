"""Django app of the event store."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from kit.outages import add_drawn_keys
from kit.replicas.reads import set_safe_position


class EventsConfig(AppConfig):
    """Finds event types and aggregates in all installed apps, and registers the checks."""

    name = "events"

    def ready(self) -> None:
        """Import `events` and `aggregates` of every app, as Celery does with tasks."""
        from events import checks  # noqa: F401, PLC0415 - Django's documented place for it
        from events.store.positions import safe_position  # noqa: PLC0415 - what is imported on the way has models

        set_safe_position(safe_position)
        add_drawn_keys(self.get_models())
        autodiscover_modules("events", "aggregates")
