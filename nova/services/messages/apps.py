"""Django app of the messages service."""

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """Name and label."""

    name = "nova.services.messages"
    label = "nova_messages"
