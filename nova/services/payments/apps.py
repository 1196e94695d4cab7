"""Django app of the payment service."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Name and label; registers the checks."""

    name = "nova.services.payments"
    label = "nova_payments"

    def ready(self) -> None:
        """Import the checks."""
        from nova.services.payments import checks  # noqa: F401, PLC0415 - Django's documented place for it
