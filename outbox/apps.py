"""How does Django know this app?"""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The app's name and label."""

    name = "outbox"

    def ready(self) -> None:
        """Make the system checks known."""
        from outbox import checks  # noqa: F401, PLC0415 - Django's documented place for it
