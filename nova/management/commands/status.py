"""`manage.py status`: whether Nova runs here, and whether it is healthy."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova.local.display import services_table, standard_output
from nova.local.processes.health import Readiness, process_health
from nova.local.services import data_directory, running_services


class Command(BaseCommand):
    """Prints the table of `up` again, with the health of each process."""

    help = "Print the addresses, credentials and health of the Nova that runs on a data directory."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which data directory."""
        parser.add_argument("--data-dir", type=Path, help="where data is kept (default: $NOVA_DATA_DIR or .nova)")

    def handle(self, *_args: object, **options: Any) -> None:
        """Exit status 0 when it is healthy, 1 when it is not, or does not run."""
        if options["data_dir"]:
            os.environ["NOVA_DATA_DIR"] = str(options["data_dir"].expanduser().absolute())
        directory = data_directory()
        services = running_services(directory)
        if services is None:
            raise CommandError(f"Nova does not run on {directory}: `manage.py up` starts it.")
        health = process_health(services)
        console = standard_output()
        console.print(services_table(services, health=health))
        missing = Readiness(services.web_url)()
        dead = [name for name, state in health.items() if state == "dead"]
        if missing or dead:
            raise CommandError(f"Nova is not healthy: {missing or 'dead: ' + ', '.join(dead)}.")
        console.print("Nova is healthy.")
