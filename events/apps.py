"""Django app of the event store."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from kit.outages import add_drawn_keys


class EventsConfig(AppConfig):
    """Finds event types and aggregates in all installed apps, and registers the checks."""

    name = "events"

    def ready(self) -> None:
        """Import `events` and `aggregates` of every app, as Celery does with tasks."""
        from events import checks  # noqa: F401, PLC0415 - Django's documented place for it

        add_drawn_keys(self.get_models())
        autodiscover_modules("events", "aggregates")
