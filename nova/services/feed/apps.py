"""Django app of the feed service."""

from django.apps import AppConfig


class FeedConfig(AppConfig):
    """Name and label; registers the checks."""

    name = "nova.services.feed"
    label = "nova_feed"

    def ready(self) -> None:
        """Import the checks."""
        from nova.services.feed import checks  # noqa: F401, PLC0415 - Django's documented place for it
