"""`manage.py store_advice`: what PostgreSQL's statistics advise."""

from argparse import ArgumentParser
from typing import Any

import msgspec
from django.core.management.base import BaseCommand

from events.store.advice import store_advice


class Command(BaseCommand):
    """Names missing, unused, duplicate and bloated indexes, dead rows, and when the log should be divided."""

    help = "Say what PostgreSQL's own statistics advise about Nova's tables; changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="as a JSON array, for programs")

    def handle(self, *, json: bool, **options: Any) -> None:
        """Print the advice."""
        found = store_advice()
        if json:
            self.stdout.write(msgspec.json.encode(found).decode())
            return
        for item in found:
            self.stdout.write(f"{item.subject} ({item.kind}): {item.finding}.\n    {item.advice}")
        if not found:
            self.stdout.write("Nothing to do.")
