"""`manage.py projections`: see projections, and operate on them."""

import json
import time
from io import StringIO
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser
from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.commands import OperatorCommand
from projections.definition.handled import HandledReadModel
from projections.definition.projection import Projection
from projections.definition.registry import (
    handled_read_models,
    projection_named,
    read_model_named,
    registered_projections,
)
from projections.exceptions import ProjectionError
from projections.models import ProjectionRebuild
from projections.operating.actions import ACTIONS, operate
from projections.operating.reading import projection_detail, projection_statuses, worker_state
from projections.rebuilding.records import RebuildStatus, rebuild_statuses
from projections.rebuilding.worker import work
from projections.refilling.refill import REFILL, refill
from projections.verification.handled import verify_handled
from projections.verification.verify import verify

VERIFY = (
    "Fold the log from its beginning beside the tables, and name the first row and column that differ (exit code 1). "
    "A projection waits while the tables are compared; of what handlers keep, one moment is compared, and they do not. "
    "Nothing of them is changed, and no side effects take place."
)
OPEN = [str(state) for state in ProjectionRebuild.OPEN]
POLL_INTERVAL = 0.5
WIDTH = 140
COLOURS = {"running": "green", "paused": "yellow", "failed": "red", "outdated": "red"}
HELP = {
    "position": "Of the log; everything after it is applied again.",
    "event_id": "The event that failed, as `show` gives it.",
    "aggregate_type": "Of the parked aggregate, as `show` gives it.",
    "aggregate_id": "Of the parked aggregate.",
    "leave_out": "Skip the event that it is parked at.",
    "swap": "Fill the new tables, and let them wait for `swap`.",
}


class Command(OperatorCommand):
    """`manage.py projections status|show|verify|refill`, and each verb of operators, such as `pause` and `rebuild`."""

    help = "Show projections and operate on them."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser(
            "status", help="Show how far each projection is, from the tables, whether a worker runs or not."
        )
        showing = verbs.add_parser("show", help="Show all that is known of a projection, as JSON.")
        showing.add_argument("name", help="The projection's name, as `status` shows it.")
        verifying = verbs.add_parser("verify", help=VERIFY, description=VERIFY)
        verifying.add_argument(
            "name",
            nargs="?",
            help="The projection's name, as `status` shows it, or that of a read model; all without it.",
        )
        verifying.add_argument("--sample", type=int, help="Compare so many rows of the first table, whichever.")
        verifying.add_argument(
            "--reorder",
            action="store_true",
            help="Of what handlers keep: fold in another order that messages could have, for they keep that of keys.",
        )
        refilling = verbs.add_parser(REFILL.verb, help=REFILL.explanation, description=REFILL.explanation)
        refilling.add_argument("name", help="The name of a read model that handlers keep.")
        refilling.add_argument("--reason", default="at the command line", help="Why; it is kept with what is done.")
        for action in ACTIONS.values():
            acting = verbs.add_parser(action.verb, help=action.explanation, description=action.explanation)
            acting.add_argument("name", help="The projection's name, as `status` shows it.")
            for field in msgspec.structs.fields(action.arguments):
                _add_argument(acting, field)
            acting.add_argument("--reason", default="at the command line", help="Why; it is kept with what is done.")
            if action.verb == "rebuild":
                acting.add_argument("--wait", action="store_true", help="Fill here, and show how far it is.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        try:
            match verb:
                case "status":
                    self._show_all()
                case "show":
                    detail = msgspec.to_builtins(projection_detail(projection_named(options["name"])))
                    self.stdout.write(json.dumps(detail, indent=2, ensure_ascii=False))
                case "verify":
                    self._verify(**options)
                case "refill":
                    self._refill(**options)
                case _:
                    self.stdout.write(f"{self._operate(verb, **options)}.")
        except ProjectionError as error:
            raise CommandError(str(error)) from error

    def _verify(self, name: str | None, sample: int | None, *, reorder: bool, **_: Any) -> None:
        every = [one.name for one in registered_projections()] + [one.name for one in handled_read_models()]
        differing = []
        for one in every if name is None else [name]:
            try:
                self._verify_one(one, sample, reorder=reorder)
            except CommandError as error:
                differing.append(str(error))
        if differing:
            raise CommandError("\n".join(differing))

    def _verify_one(self, name: str, sample: int | None, *, reorder: bool) -> None:
        found = read_model_named(name)
        if isinstance(found, HandledReadModel):
            verified = verify_handled(found, sample=sample, reorder=reorder)
            difference, note = verified.difference, str(verified)
        else:
            difference = verify(found, sample=sample)
            note = str(difference or "")
        if difference is not None:
            raise CommandError(note)
        self.stdout.write(f"{name} is what the log says{f', but {note}' if note else ''}.")

    def _refill(self, name: str, reason: str, **_: Any) -> None:
        found = read_model_named(name)
        if not isinstance(found, HandledReadModel):
            raise CommandError(f"{name} is a projection: rebuild it")
        done = refill(found, actor="manage.py", reason=reason)
        self.stdout.write(
            f"{name} is what the log says: {done.events} events folded, {done.removed} rows removed, "
            f"{done.written} written."
        )

    def _operate(self, verb: str, **options: Any) -> str:
        projection = projection_named(options["name"])
        kind = ACTIONS[verb].arguments
        given = {name: options[name] for name in kind.__struct_fields__}
        try:
            arguments: Struct = msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            raise CommandError(str(error)) from error
        outcome = operate(verb, projection, arguments, actor="manage.py", reason=options["reason"])
        return self._wait(projection) if options.get("wait") else outcome

    def _wait(self, projection: Projection) -> str:
        """Fill until the new tables serve, or have caught up where that is all that is wanted."""
        while True:
            until = time.monotonic() + POLL_INTERVAL
            work(projection, until=until)
            status = rebuild_statuses(projection.name, limit=1)[0]
            if status.state not in OPEN or (status.state == "caught_up" and not status.swaps):
                return f"{projection.name}: {in_words(status)}"
            self.stdout.write(in_words(status))
            # A worker may be at it, or readers in the way of the swap.
            time.sleep(max(0.0, until - time.monotonic()))

    def _show_all(self) -> None:
        lag = ("lag (events)", "lag (seconds)")
        table = Table("projection", "status", "version", "position", *lag, "parked", "rebuild", "error", box=None)
        for status in projection_statuses():
            table.add_row(
                status.name,
                f"[{COLOURS[status.status]}]{status.status}[/]",
                str(status.version),
                str(status.position),
                str(status.lag.events),
                f"{status.lag.seconds:.1f}",
                str(status.parked),
                ", ".join(in_words(one) for one in rebuild_statuses(status.name, limit=1)),
                escape(f"{status.failed_event_id or ''} {status.error}".strip()),
            )
        worker = worker_state()
        text = StringIO()
        console = Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty(), highlight=False)
        console.print(table)
        console.print(f"worker: [{'green' if worker.healthy else 'red'}]{worker.detail}[/]")
        self.stdout.write(text.getvalue())


def _add_argument(parser: CommandParser, field: msgspec.structs.FieldInfo) -> None:
    """Positional where it must be given; an option that says the opposite where it has a default."""
    if field.required:
        parser.add_argument(field.name, type=int if field.name == "position" else str, help=HELP[field.name])
        return
    option = field.name.replace("_", "-")
    parser.add_argument(
        f"--no-{option}" if field.default else f"--{option}",
        dest=field.name,
        action="store_false" if field.default else "store_true",
        help=HELP[field.name],
    )


def in_words(status: RebuildStatus) -> str:
    """How far a rebuild is, and what its tables are without."""
    without = (
        f", without {status.parked} parked and {status.skipped} skipped" if status.parked or status.skipped else ""
    )
    if status.state not in OPEN:
        return status.state.replace("_", " ") + without
    rest = "" if status.remaining_seconds is None else f", {status.remaining_seconds:.0f} s to go"
    trouble = f"; {status.error}" if status.error else ""
    return (
        f"{status.state.replace('_', ' ')}, {status.progress:.0%}, position {status.position} of {status.target}, "
        f"{status.events_per_second:.0f} events/s{rest}{without}{trouble}"
    )
