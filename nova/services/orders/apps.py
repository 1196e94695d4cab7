"""Django app of the orders service."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Name and label; registers the checks."""

    name = "nova.services.orders"
    label = "nova_orders"

    def ready(self) -> None:
        """Import the checks."""
        from nova.services.orders import checks  # noqa: F401, PLC0415 - Django's documented place for it
