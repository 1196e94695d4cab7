"""`manage.py demo`: start Nova, live a day on it, tell what happened, and stop."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from nova.demo.exceptions import DemoError
from nova.demo.session import demonstrate
from nova.local.display import services_table, standard_output
from nova.local.exceptions import LocalError
from nova.local.platform import Options, Platform
from nova.local.processes.interruption import Interrupted
from nova.local.processes.ports import port_number
from nova.local.services import Services, data_directory
from nova.settings import environment as env


class Command(BaseCommand):
    """Everything of `up`, a day of events, a report, and exit status 0 when all of it arrived."""

    help = "Start Nova, send it a realistic day of events through the REST API, wait until all has arrived, and report."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of a start."""
        parser.add_argument("--data-dir", type=Path, help="where data is kept (default: $NOVA_DATA_DIR or .nova)")
        parser.add_argument("--port", type=port_number, default=8000, help="of the web server (default: 8000)")

    def handle(self, *_args: object, **options: Any) -> None:
        """Start, demonstrate, stop."""
        if options["data_dir"]:
            os.environ["NOVA_DATA_DIR"] = str(options["data_dir"].expanduser().absolute())
        console = standard_output()
        wanted = Options(directory=data_directory(), port=options["port"], demo_data=False)
        try:
            with Platform(wanted, console=console).running() as services:
                console.print(services_table(services))
                console.print("Nova is ready")
                _use_database_of(services)
                try:
                    demonstrate(services.web_url, services.api_token, console=console)
                finally:
                    connections.close_all()
        except Interrupted:
            raise CommandError("stopped before the day was over") from None
        except (LocalError, DemoError, OSError) as error:
            raise CommandError(str(error)) from error


def _use_database_of(services: Services) -> None:
    """Settings were read before the servers ran, so they do not know the database yet."""
    connections.databases["default"].update(env.database(services.database_url, pool_size=0))
