"""Django app of the orders service."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Name and label."""

    name = "nova.services.orders"
    label = "nova_orders"
