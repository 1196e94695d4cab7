"""`manage.py sagas`: see instances and operate them, one or all that a filter means."""

import json
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any, get_args
from uuid import UUID

import msgspec
from django.core.management.base import CommandError, CommandParser
from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.commands import OperatorCommand
from kit.json.pointer import explain
from sagas.exceptions import SagaError
from sagas.models import SagaState
from sagas.operating.actions import ACTIONS, OfStep, operate
from sagas.operating.migration import migrate
from sagas.operating.reading import saga_detail, stuck_first
from sagas.operating.selection import SagaFilter, StatusName, condition_of

WIDTH = 160
MIGRATE = "Let the instances that began with another definition go on with the present one."
FILTER = SagaFilter.__struct_fields__
COLOURS = {"completed": "green", "compensated": "yellow", "awaiting_operator": "red", "compensation_failed": "red"}


class Command(OperatorCommand):
    """`manage.py sagas list|show|migrate|retry|skip|edit|compensate|resume|cancel`."""

    help = "Show sagas and operate on them."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand a verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="List instances, those first that wait for an operator.")
        _add_filter(listing)
        showing = verbs.add_parser("show", help="Show all that is known of an instance, as JSON.")
        showing.add_argument("saga_id", type=UUID, help="As `list` shows it.")
        for action in ACTIONS.values():
            acting = verbs.add_parser(action.verb, help=action.explanation, description=action.explanation)
            acting.add_argument("saga_ids", type=UUID, nargs="*", help="Instances; or a filter.")
            acting.add_argument("--reason", required=True, help="Why; it is kept with what is done.")
            if action.arguments is OfStep:
                acting.add_argument("--step", required=True, help="The step's name.")
            elif action.verb == "edit":
                acting.add_argument("--data", required=True, help="All of the new data, as a JSON object.")
            _add_filter(acting)
            acting.add_argument("--rate", type=float, default=10.0, help="Most instances a second; 10 by default.")
            acting.add_argument("--dry-run", action="store_true", help="Only say which instances it would be.")

        moving = verbs.add_parser("migrate", help=MIGRATE, description=MIGRATE)
        moving.add_argument("saga", help="The saga's name.")
        moving.add_argument("--reason", required=True, help="Why; it is kept with each instance.")
        moving.add_argument(
            "--step", action="append", default=[], metavar="OLD=NEW", help="What a step is called now; repeat it."
        )
        moving.add_argument(
            "--skip",
            action="append",
            default=[],
            metavar="STEP",
            help="A new step that is not needed any more; repeat it.",
        )
        moving.add_argument("--dry-run", action="store_true", help="Only say which instances could go on.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        try:
            if verb == "list":
                self._list(**options)
            elif verb == "show":
                detail = msgspec.to_builtins(saga_detail(options["saga_id"]))
                self.stdout.write(json.dumps(detail, indent=2, ensure_ascii=False, default=str))
            elif verb == "migrate":
                self._migrate(**options)
            else:
                self._operate(verb, **options)
        except SagaError as error:
            raise CommandError(str(error)) from error

    def _list(self, **options: Any) -> None:
        table = Table("saga", "id", "key", "status", "step", "moved", "error", box=None)
        for row in stuck_first(_rows(options))[: options["limit"]]:
            table.add_row(
                escape(row.saga_type),
                str(row.pk),
                escape(row.key),
                f"[{COLOURS.get(row.status, 'default')}]{row.status}[/]",
                escape(row.current_step),
                f"{row.updated_at:%Y-%m-%d %H:%M:%S}",
                escape((row.error_message or "")[:60]),
            )
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty()).print(table)
        self.stdout.write(text.getvalue())

    def _operate(self, verb: str, **options: Any) -> None:
        ids = options["saga_ids"] or self._filtered(options)
        arguments, refused = _arguments(verb, options), 0
        for number, saga_id in enumerate(_paced(ids, options["rate"], dry=options["dry_run"]), start=1):
            if options["dry_run"]:
                self.stdout.write(f"{verb} {saga_id}")
                continue
            try:
                instance = operate(verb, saga_id, arguments, actor="manage.py", reason=options["reason"])
            except SagaError as error:
                refused += 1
                self.stderr.write(f"{number} of {len(ids)}: {saga_id}: {error}")
            else:
                self.stdout.write(f"{number} of {len(ids)}: {instance.saga} {instance.key} is {instance.status}")
        if refused:
            raise CommandError(f"{refused} of {len(ids)} stay as they were.")

    def _migrate(self, **options: Any) -> None:
        pairs = [one.partition("=")[::2] for one in options["step"]]
        if not all(old and new for old, new in pairs):
            raise CommandError("--step needs OLD=NEW")
        stay = 0
        for one in migrate(
            options["saga"],
            mapping=dict(pairs),
            actor="manage.py",
            reason=options["reason"],
            skip=options["skip"],
            dry_run=options["dry_run"],
        ):
            stay += bool(one.why_not)
            goes_on = "would go on" if options["dry_run"] else "goes on"
            self.stdout.write(f"{one.key} ({one.shape}): {f'stays: {one.why_not}' if one.why_not else goes_on}")
        if stay:
            raise CommandError(f"{stay} stay as they are.")

    def _filtered(self, options: dict[str, Any]) -> list[UUID]:
        if _filter(options) == SagaFilter():
            raise CommandError(f"Name instances, or a filter: {', '.join(f'--{_flag(one)}' for one in FILTER)}.")
        return list(stuck_first(_rows(options)).values_list("pk", flat=True)[: options["limit"]])


def _add_filter(parser: Any) -> None:
    parser.add_argument("--saga", help="Only those of this definition.")
    parser.add_argument("--status", choices=get_args(StatusName), help="Only those that stand there.")
    parser.add_argument("--current-step", help="Only those whose first step that is not passed is this.")
    parser.add_argument("--key", help="Only the one of this key.")
    parser.add_argument("--key-prefix", help="Only those whose keys begin with this.")
    parser.add_argument("--error", help="Only those whose error has this in it.")
    parser.add_argument("--correlation-id", help="Only those of this conversation.")
    parser.add_argument("--moved-before", help="Only those without a transition since then: 2025-01-15T10:30:00Z.")
    parser.add_argument("--started-before", help="Only those that began before: 2025-01-15T10:30:00Z.")
    parser.add_argument("--limit", type=int, default=100, help="At most so many; 100 by default.")


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _filter(options: dict[str, Any]) -> SagaFilter:
    try:
        return msgspec.convert({name: options[name] for name in FILTER if options[name]}, SagaFilter)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise CommandError(f"--{_flag(pointer.removeprefix('/'))}: {reason}") from error


def _rows(options: dict[str, Any]) -> Any:
    return SagaState.objects.filter(condition_of(_filter(options)))


def _arguments(verb: str, options: dict[str, Any]) -> Struct:
    given: dict[str, Any] = {}
    if "step" in options:
        given["step"] = options["step"]
    if "data" in options:
        try:
            given["data"] = json.loads(options["data"])
        except ValueError as error:
            raise CommandError(f"--data must be JSON: {error}") from error
    try:
        arguments: Struct = msgspec.convert(given, ACTIONS[verb].arguments)
    except msgspec.ValidationError as error:
        raise CommandError(str(error)) from error
    return arguments


def _paced(ids: list[UUID], rate: float, *, dry: bool) -> Iterator[UUID]:
    """One after the other, not faster than so many a second."""
    if rate <= 0:
        raise CommandError("--rate must be above 0.")
    for number, saga_id in enumerate(ids):
        if number and not dry:
            time.sleep(1 / rate)
        yield saga_id
