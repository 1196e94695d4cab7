"""Django app of the graph service."""

from django.apps import AppConfig


class GraphConfig(AppConfig):
    """Name and label."""

    name = "nova.services.graph"
    label = "nova_graph"
