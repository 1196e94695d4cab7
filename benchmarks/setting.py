"""Django setup: a benchmark's process becomes a Nova on a database."""

import os

import django
from django.db import connections


def set_up(url: str) -> None:
    """Load Django with the test settings, on that database."""
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "nova.settings.test"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # What is measured is reading, not remembering what was read.
    os.environ["NOVA_STREAM_CACHE_EVENTS"] = "0"
    django.setup()
    connections["default"].ensure_connection()
