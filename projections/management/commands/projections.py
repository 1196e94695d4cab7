"""`manage.py projections`: see projections, pause and resume them, rebuild them."""

from io import StringIO
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.commands import OperatorCommand
from projections.definition.projection import Projection
from projections.definition.registry import projection_named
from projections.engine import checkpoints
from projections.exceptions import UnknownProjection
from projections.operating.reading import projection_statuses
from projections.rebuild import rebuild

REBUILD = (
    "Empty a projection's tables and set its checkpoint to 0, in one transaction; a worker refills them from the log. "
    "Readers see the tables empty and then refill."
)
VERBS = {
    "pause": (checkpoints.pause, "Hold a projection where it is.", "is paused"),
    "resume": (checkpoints.resume, "Let a paused or failed projection go on at once.", "goes on"),
    "rebuild": (
        rebuild,
        REBUILD,
        "is empty and refills",
    ),
}
WIDTH = 140
COLOURS = {"running": "green", "paused": "yellow", "failed": "red", "outdated": "red"}


class Command(OperatorCommand):
    """`manage.py projections status|pause|resume|rebuild`."""

    help = "Show and steer projections."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser(
            "status", help="Show how far each projection is, from the tables, whether a worker runs or not."
        )
        for verb, (_, explanation, _) in VERBS.items():
            subparser = verbs.add_parser(verb, help=explanation, description=explanation)
            subparser.add_argument("name", help="The projection's name, as `status` shows it.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        if verb == "status":
            self._show()
            return
        act, _, done = VERBS[verb]
        projection = self._named(options["name"])
        act(projection)
        self.stdout.write(f"{projection.name} {done}.")

    def _named(self, name: str) -> Projection:
        try:
            return projection_named(name)
        except UnknownProjection as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        table = Table("projection", "status", "version", "position", "lag (events)", "lag (seconds)", "error", box=None)
        for status in projection_statuses():
            table.add_row(
                status.name,
                f"[{COLOURS[status.status]}]{status.status}[/]",
                str(status.version),
                str(status.position),
                str(status.lag.events),
                f"{status.lag.seconds:.1f}",
                escape(f"{status.failed_event_id or ''} {status.error}".strip()),
            )
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty()).print(table)
        self.stdout.write(text.getvalue())
