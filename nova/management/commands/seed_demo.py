"""`manage.py seed_demo`: a small set of demonstration data."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova.demo.exceptions import DemoError
from nova.demo.session import seed
from nova.local.services import running_services


class Command(BaseCommand):
    """Sends a small day through the REST API of the running Nova."""

    help = "Append a small, always equal set of demonstration events through the API of the Nova that `up` runs."

    def handle(self, *_args: object, **_options: Any) -> None:
        """Send it."""
        services = running_services()
        if services is None:
            raise CommandError("Nova does not run here: `manage.py up` starts it.")
        try:
            count = seed(services.web_url, services.api_token)
        except DemoError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} demonstration events are appended.")
