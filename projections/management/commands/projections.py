"""`manage.py projections`: see projections, pause and resume them, rebuild them beside what serves."""

import time
from io import StringIO
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.actions import NoArguments
from kit.commands import OperatorCommand
from projections import checkpoints
from projections.exceptions import RebuildRefused, UnknownProjection
from projections.lag import projection_statuses
from projections.models import ProjectionRebuild
from projections.projection import Projection, projection_named
from projections.rebuilding.operations import ACTIONS, HowToRebuild, operate
from projections.rebuilding.records import RebuildStatus, rebuild_statuses
from projections.rebuilding.worker import work

VERBS = {
    "pause": (checkpoints.pause, "Hold a projection where it is.", "is paused"),
    "resume": (checkpoints.resume, "Let a paused or failed projection go on at once.", "goes on"),
}
ACTOR = "manage.py"
NAME = "The projection's name, as `status` shows it."
OPEN = [str(state) for state in ProjectionRebuild.OPEN]
POLL_INTERVAL = 0.5
WIDTH = 140
COLOURS = {"running": "green", "paused": "yellow", "failed": "red", "outdated": "red"}


class Command(OperatorCommand):
    """`manage.py projections status|pause|resume|rebuild|swap|rollback|drop|cancel`."""

    help = "Show and steer projections."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser(
            "status", help="Show how far each projection is, from the tables, whether a worker runs or not."
        )
        for verb, (_, explanation, _) in VERBS.items():
            subparser = verbs.add_parser(verb, help=explanation, description=explanation)
            subparser.add_argument("name", help=NAME)
        for verb, action in ACTIONS.items():
            subparser = verbs.add_parser(verb, help=action.explanation, description=action.explanation)
            subparser.add_argument("name", help=NAME)
            subparser.add_argument("--reason", default=f"manage.py projections {verb}", help="Why; it is kept.")
            if action.arguments is HowToRebuild:
                subparser.add_argument("--no-swap", dest="swap", action="store_false", help="Wait for `swap` then.")
                subparser.add_argument("--wait", action="store_true", help="Fill here, and show how far it is.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        if verb == "status":
            self._show()
            return
        projection = self._named(options["name"])
        if verb in VERBS:
            act, _, done = VERBS[verb]
            act(projection)
            self.stdout.write(f"{projection.name} {done}.")
            return
        arguments = HowToRebuild(swap=options["swap"]) if verb == "rebuild" else NoArguments()
        try:
            status = operate(verb, projection, arguments, actor=ACTOR, reason=options["reason"])
            if options.get("wait"):
                status = self._wait(projection)
        except RebuildRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{projection.name}: {in_words(status)}.")

    def _wait(self, projection: Projection) -> RebuildStatus:
        """Fill until the new tables serve, or have caught up where that is all that is wanted."""
        while True:
            until = time.monotonic() + POLL_INTERVAL
            work(projection, until=until)
            status = rebuild_statuses(projection.name, limit=1)[0]
            if status.state not in OPEN or (status.state == "caught_up" and not status.swaps):
                return status
            self.stdout.write(in_words(status))
            # A worker may be at it, or readers in the way of the swap.
            time.sleep(max(0.0, until - time.monotonic()))

    def _named(self, name: str) -> Projection:
        try:
            return projection_named(name)
        except UnknownProjection as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        table = Table(
            "projection", "status", "version", "position", "lag (events)", "lag (seconds)", "rebuild", "error", box=None
        )
        for status in projection_statuses():
            table.add_row(
                status.name,
                f"[{COLOURS[status.status]}]{status.status}[/]",
                str(status.version),
                str(status.position),
                str(status.lag.events),
                f"{status.lag.seconds:.1f}",
                ", ".join(in_words(one) for one in rebuild_statuses(status.name, limit=1)),
                escape(f"{status.failed_event_id or ''} {status.error}".strip()),
            )
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty()).print(table)
        self.stdout.write(text.getvalue())


def in_words(status: RebuildStatus) -> str:
    """How far a rebuild is."""
    if status.state not in OPEN:
        return status.state.replace("_", " ")
    rest = "" if status.remaining_seconds is None else f", {status.remaining_seconds:.0f} s to go"
    trouble = f"; {status.error}" if status.error else ""
    return (
        f"{status.state.replace('_', ' ')}, {status.progress:.0%}, position {status.position} of {status.target}, "
        f"{status.events_per_second:.0f} events/s{rest}{trouble}"
    )
