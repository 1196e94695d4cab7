"""How does Django know the event store?"""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Loads the event types and the checks."""

    name = "events"

    def ready(self) -> None:
        """Register Nova's own event types and the system checks."""
        from events import checks  # noqa: F401, PLC0415 - Django's documented place for both
        from events.domain import (  # noqa: F401, PLC0415
            comments,
            content,
            conversations,
            follows,
            identity,
            likes,
            media,
            orders,
            posts,
            shares,
            social,
            streams,
            users,
        )
