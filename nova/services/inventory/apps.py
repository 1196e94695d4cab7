"""Django app of the inventory service."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """Name and label."""

    name = "nova.services.inventory"
    label = "nova_inventory"
