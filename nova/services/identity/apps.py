"""Django app of the identity service."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Name and label; registers what is written with a user's events."""

    name = "nova.services.identity"
    label = "nova_identity"

    def ready(self) -> None:
        """Import the accounts."""
        from nova.services.identity import accounts  # noqa: F401, PLC0415 - Django's documented place for it
