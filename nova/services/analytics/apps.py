"""Django app of the analytics service."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Name and label."""

    name = "nova.services.analytics"
    label = "nova_analytics"
    verbose_name = "Analytics"
