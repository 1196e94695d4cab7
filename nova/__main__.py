"""Command line of Nova: `nova COMMAND`, `python -m nova COMMAND` or `python manage.py COMMAND`."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run a management command with the local settings unless `DJANGO_SETTINGS_MODULE` says otherwise."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nova.settings.local")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
