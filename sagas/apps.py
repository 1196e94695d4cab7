"""Django app of sagas."""

from django.apps import AppConfig


class SagasConfig(AppConfig):
    """The app's name and label."""

    name = "sagas"
