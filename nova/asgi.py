"""ASGI application: what `python -m nova.server` serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.local")
django.setup(set_prefix=False)

from nova.server.handler import NovaASGIHandler  # noqa: E402 - settings come first
from nova.start import refuse_unsound_settings  # noqa: E402

refuse_unsound_settings()
application = NovaASGIHandler()
