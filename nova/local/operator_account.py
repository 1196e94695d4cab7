"""Operator account: created in the database once, and left alone for ever after.

DJANGO_SUPERUSER_PASSWORD=… python -m nova.local.operator_account
"""

import os

import django
from django.contrib.auth import get_user_model

USER = "admin"


def ensure_account(password: str) -> None:
    """Create the superuser `admin` unless an account of this name is there, whatever its password."""
    users = get_user_model().objects
    if not users.filter(username=USER).exists():
        users.create_superuser(username=USER, password=password)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.local")
    django.setup()
    ensure_account(os.environ["DJANGO_SUPERUSER_PASSWORD"])
