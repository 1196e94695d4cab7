"""Django app of the moderation service."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Name and label."""

    name = "nova.services.moderation"
    label = "nova_moderation"
