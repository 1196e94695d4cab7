"""Django app of the feed service."""

from django.apps import AppConfig


class FeedConfig(AppConfig):
    """Name and label."""

    name = "nova.services.feed"
    label = "nova_feed"
