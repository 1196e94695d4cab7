"""Django app of the deletion of accounts."""

from django.apps import AppConfig


class AccountDeletionConfig(AppConfig):
    """Name and label; registers the checks."""

    name = "nova.services.account_deletion"
    label = "nova_account_deletion"

    def ready(self) -> None:
        """Import the checks."""
        from nova.services.account_deletion import checks  # noqa: F401, PLC0415 - Django's documented place for it
