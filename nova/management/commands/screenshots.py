"""`manage.py screenshots`: pictures of the running console, for the documentation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova.local.browser import Browser, browser
from nova.local.exceptions import BrowserError
from nova.local.services import Services, running_services

PAGES = {"console.png": "/admin/"}


class Command(BaseCommand):
    """Logs in with a headless Chromium as the operator of the Nova that runs here, and takes the pictures."""

    help = "Take the documentation's pictures of the console of the Nova that `up` runs; needs Chromium."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder (default: docs/images)")

    def handle(self, *_args: object, **options: Any) -> None:
        """Take them all."""
        services = running_services()
        if services is None:
            raise CommandError("Nova does not run here: `manage.py up` starts it.")
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        try:
            with browser() as opened:
                _log_in(opened, services)
                for name, path in PAGES.items():
                    opened.open(services.web_url + path)
                    if opened.path != path:
                        raise CommandError(f"{path} led to {opened.path}")
                    (out / name).write_bytes(opened.picture())
                    self.stdout.write(f"{out / name} is taken.")
        except BrowserError as error:
            raise CommandError(str(error)) from error


def _log_in(opened: Browser, services: Services) -> None:
    opened.open(f"{services.web_url}/admin/login/?next=/admin/")
    opened.fill_in(username=services.admin.user, password=services.admin.password)
