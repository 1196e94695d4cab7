"""Django app of the social service."""

from django.apps import AppConfig


class SocialConfig(AppConfig):
    """Name and label."""

    name = "nova.services.social"
    label = "nova_social"
