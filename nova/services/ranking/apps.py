"""Django app of the ranking service."""

from django.apps import AppConfig


class RankingConfig(AppConfig):
    """Name and label."""

    name = "nova.services.ranking"
    label = "nova_ranking"
