"""Snapshots command: `manage.py snapshots status|rebuild|prune` shows them and makes them anew."""

from io import StringIO
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from events.exceptions import UnknownAggregate
from events.state.snapshot_maintenance import rebuild_stale, snapshot_statuses
from events.state.snapshots import KEEP, prune_snapshots
from kit.commands import OperatorCommand

WIDTH = 100


class Command(OperatorCommand):
    """Shows and tends snapshots."""

    help = "Show snapshots, replace those that an older fold made, remove old ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="Show how many snapshots count, by aggregate type.")
        rebuild = verbs.add_parser("rebuild", help="Replace snapshots that do not count any more.")
        rebuild.add_argument("--type", dest="aggregate_type", help="Only of this aggregate type.")
        prune = verbs.add_parser("prune", help="Remove all but the newest snapshots of every aggregate.")
        prune.add_argument("--keep", type=int, default=KEEP, help=f"How many stay; {KEEP} by default.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        match verb:
            case "status":
                self._show()
            case "rebuild":
                try:
                    rebuilt = rebuild_stale(options["aggregate_type"])
                except UnknownAggregate as error:
                    raise CommandError(str(error)) from error
                self.stdout.write(f"Snapshots of {rebuilt.aggregates} aggregates were made anew.")
                for reason in rebuilt.unreadable:
                    self.stderr.write(f"Left as they are: {reason}.")
            case "prune":
                if options["keep"] < 0:
                    raise CommandError("--keep cannot be negative")
                self.stdout.write(f"{prune_snapshots(keep=options['keep'])} snapshots were removed.")

    def _show(self) -> None:
        table = Table("aggregate type", "fold version", "aggregates", "counting", "stale", box=None)
        for status in snapshot_statuses():
            fold = "not registered" if status.fold_version is None else str(status.fold_version)
            table.add_row(status.aggregate_type, fold, str(status.aggregates), str(status.counting), str(status.stale))
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty()).print(table)
        self.stdout.write(text.getvalue())
