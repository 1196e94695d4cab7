"""Django app of the media service."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Name and label."""

    name = "nova.services.media"
    label = "nova_media"
