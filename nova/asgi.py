"""ASGI application: what `python -m nova.server` serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.local")
django.setup(set_prefix=False)

from nova.server.handler import NovaASGIHandler  # noqa: E402 - settings come first

application = NovaASGIHandler()
