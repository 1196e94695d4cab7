"""How does Django know this app?"""

from django.apps import AppConfig


class SagasConfig(AppConfig):
    """The app's name and label."""

    name = "sagas"
