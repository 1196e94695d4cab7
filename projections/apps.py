"""How does Django know this app?"""

from importlib import import_module

from django.apps import AppConfig


class ProjectionsConfig(AppConfig):
    """The app's name and label, and its system checks."""

    name = "projections"

    def ready(self) -> None:
        """Register the system checks."""
        import_module("projections.checks")
