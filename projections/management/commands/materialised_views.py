"""`manage.py materialised_views`: see how fresh they are, and compute one anew."""

from io import StringIO
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.commands import OperatorCommand
from projections.exceptions import ProjectionError
from projections.views.operating import REFRESH, ask_for_refresh
from projections.views.records import view_statuses
from projections.views.refreshing import Refresh, refresh
from projections.views.registry import view_named

WIDTH = 140


class Command(OperatorCommand):
    """`manage.py materialised_views status|refresh`."""

    help = "Show materialised views, and refresh them."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="Show how fresh each is, from the tables.")
        refreshing = verbs.add_parser(REFRESH.verb, help="Compute one anew, here and now; it is read meanwhile.")
        refreshing.add_argument("name", help="The view's name, as `status` shows it.")
        refreshing.add_argument("--reason", default="at the command line", help="Why; it is kept with what is done.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        if verb == "status":
            self._show_all()
            return
        try:
            self._refresh(options["name"], options["reason"])
        except ProjectionError as error:
            raise CommandError(str(error)) from error

    def _refresh(self, name: str, reason: str) -> None:
        ask_for_refresh(name, actor="manage.py", reason=reason)
        outcome = refresh(view_named(name))
        if outcome is Refresh.FAILED:
            (status,) = [one for one in view_statuses() if one.name == name]
            raise CommandError(f"{name} is as it was: {status.error}")
        if outcome is Refresh.BUSY:
            self.stdout.write(f"{name} is being refreshed by another one just now; a worker does it once more then.")
        else:
            self.stdout.write(f"{name} is refreshed.")

    def _show_all(self) -> None:
        table = Table(
            "view", "kind", "age (seconds)", "position", "every (seconds)", "took (seconds)", "error", box=None
        )
        for status in view_statuses():
            table.add_row(
                status.name,
                status.kind,
                "-" if status.age is None else f"{status.age:.1f}",
                "-" if status.position is None else str(status.position),
                "-" if status.interval is None else f"{status.interval:.0f}",
                f"{status.seconds:.2f}",
                escape(status.error),
            )
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty(), highlight=False).print(table)
        self.stdout.write(text.getvalue())
