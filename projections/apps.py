"""Django app of the projection engine."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ProjectionsConfig(AppConfig):
    """Finds projections in all installed apps, registers the checks, and lets workers host the engine's loop."""

    name = "projections"

    def ready(self) -> None:
        """Import `projections` of every app, as Celery does with tasks."""
        from outbox.api import register_runner  # noqa: PLC0415 - the apps are loaded only now
        from projections import checks  # noqa: F401, PLC0415 - Django's documented place for it
        from projections.engine.runner import NAME, projection_runner  # noqa: PLC0415
        from projections.views import checks as view_checks  # noqa: F401, PLC0415

        autodiscover_modules("projections")
        register_runner(NAME, projection_runner)
