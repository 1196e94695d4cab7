"""Django app of the identity service."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Name and label."""

    name = "nova.services.identity"
    label = "nova_identity"
