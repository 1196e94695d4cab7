"""Django app of the search service."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Name and label."""

    name = "nova.services.search"
    label = "nova_search"
