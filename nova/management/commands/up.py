"""`manage.py up`: start the whole of Nova, until Ctrl-C."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova.local.display import services_table, standard_output
from nova.local.exceptions import LocalError
from nova.local.platform import Options, Platform
from nova.local.processes.interruption import Interrupted, wait_for_signal
from nova.local.processes.ports import port_number
from nova.local.servers.mock_server import WARNING
from nova.local.services import data_directory


class Command(BaseCommand):
    """Starts PostgreSQL, Valkey, Kafka, web, relay, consumers, worker and beat, and keeps them running."""

    help = "Start the whole of Nova on this machine, until Ctrl-C. Everything listens on loopback only."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of a start."""
        parser.add_argument("--data-dir", type=Path, help="where data is kept (default: $NOVA_DATA_DIR or .nova)")
        parser.add_argument("--port", type=port_number, default=8000, help="of the web server (default: 8000)")
        parser.add_argument("--no-demo", action="store_true", help="leave a new data directory empty")
        parser.add_argument("--broker", choices=("kafka", "mock"), default="kafka", help="mock: in memory, for a look")

    def handle(self, *_args: object, **options: Any) -> None:
        """Run until a signal comes."""
        if options["data_dir"]:
            os.environ["NOVA_DATA_DIR"] = str(options["data_dir"].expanduser().absolute())
        console = standard_output()
        if options["broker"] == "mock":
            console.print(f"[yellow]Warning:[/] {WARNING}")
        wanted = Options(
            directory=data_directory(),
            port=options["port"],
            broker=options["broker"],
            demo_data=not options["no_demo"],
        )
        try:
            with Platform(wanted, console=console).running() as services:
                console.print(services_table(services))
                console.print("Nova is ready")
                console.print("Ctrl-C stops it.")
                wait_for_signal()
        except Interrupted:
            console.print("Nova has stopped.")
        except LocalError as error:
            raise CommandError(str(error)) from error
