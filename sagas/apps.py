"""Django app of sagas."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SagasConfig(AppConfig):
    """Finds sagas in all installed apps, registers the checks, and lets workers host the loop of their timers."""

    name = "sagas"

    def ready(self) -> None:
        """Import `sagas` and `policies` of every app, as Celery does with tasks."""
        from outbox.api import register_runner  # noqa: PLC0415 - the apps are loaded only now
        from sagas import checks  # noqa: F401, PLC0415 - Django's documented place for it
        from sagas.runner import NAME, saga_runner  # noqa: PLC0415

        autodiscover_modules("sagas", "policies")
        register_runner(NAME, saga_runner)
