"""Django app of the outbox."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from kit.outages import add_drawn_keys


class OutboxConfig(AppConfig):
    """Finds services and their handlers in all installed apps, and registers the checks."""

    name = "outbox"

    def ready(self) -> None:
        """Import `service` and `handlers` of every app, as Celery does with tasks."""
        from outbox import checks  # noqa: F401, PLC0415 - Django's documented place for it

        add_drawn_keys(self.get_models())
        autodiscover_modules("service", "handlers")
