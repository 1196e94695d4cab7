"""`manage.py repair_sequences`: a database that was restored without its sequences goes on behind its rows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events.store.sequences import repair_sequence, sequences_behind


class Command(BaseCommand):
    """Moves sequences that are behind the rows of their tables on; those that are not stay as they are."""

    help = (
        "Let every sequence that is behind its rows, as after an incomplete restore, go on behind the highest of them. "
        "Sequences are never set back, so it may be run at any time; needs the rights of the tables' owner."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done, as SQL")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Repair, and say what was done."""
        behind = sequences_behind()
        for found in behind:
            if dry_run:
                self.stdout.write(f"{found.repair_statement};  -- {found.next_number} would be next")
            elif repair_sequence(found):
                self.stdout.write(
                    f"{found.table}.{found.column}: {found.next_number} was next, now {found.highest + 1}"
                )
        if not behind:
            self.stdout.write("No sequence is behind its rows.")
