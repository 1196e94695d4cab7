"""Django app of the composition."""

from django.apps import AppConfig

from kit.outages import add_drawn_keys


class NovaConfig(AppConfig):
    """Connects the apps once all of them are loaded."""

    name = "nova"

    def ready(self) -> None:
        """Draw the map."""
        # Models may only be imported once the apps are loaded.
        # Whoever sends a task without it, such as a web server, would look for a broker that nobody has named.
        from nova import celery, checks  # noqa: F401, PLC0415 - importing registers them
        from nova.wiring import connect  # noqa: PLC0415

        add_drawn_keys(self.get_models())
        connect()
