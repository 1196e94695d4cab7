"""Django app of the content service."""

from django.apps import AppConfig


class ContentConfig(AppConfig):
    """Name and label."""

    name = "nova.services.content"
    label = "nova_content"
