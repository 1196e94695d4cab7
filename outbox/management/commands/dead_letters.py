"""Command `dead_letters`: list, retry, edit, discard or archive dead letters, and follow the operations on them.

One module, since all its verbs share the filter, the printing and the following of an operation.
"""

import getpass
import sys
import time
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from kit.commands import OperatorCommand
from outbox.dead_letters.edits import DeadLetterEdit, edit_and_retry
from outbox.dead_letters.executor import work_off_operations
from outbox.dead_letters.groups import failure_groups
from outbox.dead_letters.operations import (
    MAX_RATE,
    MIN_RATE,
    affected,
    cancel_operation,
    get_operation,
    start_operation,
)
from outbox.dead_letters.representation import dead_letter_view
from outbox.dead_letters.selection import MAX_ID, DeadLetterFilter, select
from outbox.exceptions import OutboxError
from outbox.models import DeadLetter, DeadLetterOperation

EXAMPLES = """\
examples:
  manage.py dead_letters groups
  manage.py dead_letters list --consumer feed-service --since 2025-01-15T10:00Z
  manage.py dead_letters show 17
  manage.py dead_letters retry --group 3f2a9c0d1e4b5a67 --dry-run
  manage.py dead_letters retry --group 3f2a9c0d1e4b5a67 --rate 20 --reason "handler mended in 1.4.2"
  manage.py dead_letters edit 17 --body fixed.json --reason "the price was a string"
  manage.py dead_letters archive --consumer feed-service --until 2025-01-01T00:00Z --reason "known, harmless"
  manage.py dead_letters status 5
"""
VERBS = {
    "retry": "Have dead letters handled again by their group's handlers: those of one key in order, at a limited rate.",
    "discard": "Close dead letters without handling them.",
    "archive": "Leave dead letters out of lists; they are kept and can be retried by number.",
}
COLOURS = {
    "open": "red",
    "retrying": "yellow",
    "retried": "green",
    "done": "green",
    "failed": "red",
    "running": "yellow",
}
WIDTH = 160
# Seconds between two looks at an operation.
POLL_INTERVAL = 0.2


class Command(OperatorCommand):
    """`manage.py dead_letters list|groups|show|retry|edit|discard|archive|status|cancel`."""

    help = "See dead letters, and retry, edit, discard or archive them: one, a failure group, or what a filter selects."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per verb."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="List dead letters, newest first.")
        _add_filter(listing)
        listing.add_argument("--archived", action="store_true", help="List archived dead letters instead.")
        listing.add_argument("--limit", type=_whole_number, default=50, help="Dead letters at most; 50 by default.")
        groups = verbs.add_parser("groups", help="Show what goes wrong, where and how often.")
        groups.add_argument("--consumer", help="Only failures of this consumer group.")
        show = verbs.add_parser("show", help="Show a dead letter with its message, as JSON.")
        show.add_argument("id", type=int)
        for verb, explanation in VERBS.items():
            operating = verbs.add_parser(verb, help=explanation, description=explanation)
            _add_filter(operating)
            operating.add_argument("--all", action="store_true", help="All that are open, where no filter is given.")
            operating.add_argument("--reason", help="Why; it is kept with the operation.")
            operating.add_argument("--dry-run", action="store_true", help="Only say how many dead letters it would be.")
            if verb == "retry":
                operating.add_argument("--rate", type=float, help="Dead letters a second, at most.")
            _add_following(operating)
        edit = verbs.add_parser("edit", help="Have an edited copy handled in its place; the original is kept.")
        edit.add_argument("id", type=int)
        edit.add_argument(
            "--body", type=Path, required=True, metavar="FILE", help="The new body, a JSON object; - for stdin."
        )
        edit.add_argument("--type", dest="event_type", help="Another event type.")
        edit.add_argument("--schema-version", type=int, help="Another version of the payload's schema.")
        edit.add_argument("--reason", required=True, help="Why; it is kept with the operation.")
        _add_following(edit)
        status = verbs.add_parser("status", help="Show how far operations are: the latest, or one until its end.")
        status.add_argument("operation", type=int, nargs="?", help="Follow this operation with a progress bar.")
        cancel = verbs.add_parser("cancel", help="Stop an operation; what is still to come is open again.")
        cancel.add_argument("operation", type=int)
        cancel.add_argument("--reason", required=True, help="Why; it is kept with the operation.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        try:
            self._do(verb, options)
        except OutboxError as error:
            raise CommandError(str(error)) from error

    def _do(self, verb: str, options: dict[str, Any]) -> None:
        match verb:
            case "list":
                self._list(_filter(options), limit=options["limit"])
            case "groups":
                self._groups(options["consumer"])
            case "show":
                self._show(options["id"])
            case "edit":
                self._edit(options)
            case "status":
                self._status(options["operation"])
            case "cancel":
                cancelled = cancel_operation(options["operation"], actor=_actor(), reason=options["reason"])
                self.stdout.write(_summary(cancelled))
            case _:
                self._operate(verb, options)

    def _operate(self, verb: str, options: dict[str, Any]) -> None:
        selection = _filter(options)
        if selection in {DeadLetterFilter(), DeadLetterFilter(archived=None)} and not options["all"]:
            raise CommandError("Say which dead letters: numbers, a filter, or --all.")
        if options["dry_run"]:
            self.stdout.write(f"{affected(verb, selection).count()} dead letters; nothing was done.")
            return
        if not options["reason"]:
            raise CommandError("Say why with --reason.")
        rate = options.get("rate")
        if rate is not None and not MIN_RATE <= rate <= MAX_RATE:
            raise CommandError(f"--rate must be a number from {MIN_RATE} to {MAX_RATE:.0f}.")
        operation, _ = start_operation(verb, selection, actor=_actor(), reason=options["reason"], rate=rate)
        self._follow(operation, options)

    def _edit(self, options: dict[str, Any]) -> None:
        try:
            file: Path = options["body"]
            body = sys.stdin.read() if file == Path("-") else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['body']}: {error}") from error
        edit = DeadLetterEdit(body=body, event_type=options["event_type"], schema_version=options["schema_version"])
        copy, operation = edit_and_retry(options["id"], edit, actor=_actor(), reason=options["reason"])
        self.stdout.write(f"Dead letter {copy.pk} is the edited copy of {options['id']}.")
        self._follow(operation, options)

    def _follow(self, operation: DeadLetterOperation, options: dict[str, Any]) -> None:
        if options["here"]:
            while get_operation(operation.pk).is_live and work_off_operations(seconds=1.0):
                pass
        if options["detach"] or not get_operation(operation.pk).is_live:
            self.stdout.write(_summary(get_operation(operation.pk)))
        else:
            self._watch(operation.pk)

    def _watch(self, operation_id: int) -> None:
        """Show progress until the end. Ctrl-C ends the watching, not the operation."""
        console = Console(file=cast("IO[str]", self.stdout), width=WIDTH)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=console) as progress:
                operation = get_operation(operation_id)
                bar = progress.add_task(f"{operation.verb} (operation {operation_id})", total=operation.total)
                while operation.is_live:
                    progress.update(bar, completed=operation.total - operation.pending)
                    time.sleep(POLL_INTERVAL)
                    operation = get_operation(operation_id)
                progress.update(bar, completed=operation.total - operation.pending)
        except KeyboardInterrupt:
            self.stdout.write(f"Operation {operation_id} goes on; see it with: dead_letters status {operation_id}")
            return
        self.stdout.write(_summary(operation))

    def _status(self, operation_id: int | None) -> None:
        if operation_id is not None:
            self._watch(operation_id)
            return
        table = Table("operation", "verb", "state", "done", "failed", "skipped", "of", "actor", "reason", box=None)
        for operation in DeadLetterOperation.objects.order_by("-id")[:20]:
            table.add_row(
                *(str(operation.pk), operation.verb, _coloured(operation.state)),
                *(str(operation.done), str(operation.failed), str(operation.skipped), str(operation.total)),
                *(escape(operation.actor), escape(operation.reason)),
            )
        self._print(table)

    def _list(self, selection: DeadLetterFilter, *, limit: int) -> None:
        table = Table("id", "status", "consumer", "event type", "place", "failure", "attempts", "last failed", box=None)
        for row in select(selection).defer("body", "headers").order_by("-id")[:limit]:
            table.add_row(
                *(str(row.pk), _coloured(row.status), escape(row.consumer), escape(row.event_type)),
                escape(f"{row.topic}[{row.partition}]@{row.offset}"),
                escape(f"{row.exception}: {row.message[:60]}"),
                *(str(row.attempts), f"{row.last_failed_at:%Y-%m-%d %H:%M:%S}"),
            )
        self._print(table)

    def _groups(self, consumer: str | None) -> None:
        table = Table("group", "dead letters", "failure", "where", "consumers", "event types", "last failed", box=None)
        for group in failure_groups(consumer=consumer):
            table.add_row(
                *(group.failure_group, str(group.count), escape(f"{group.exception}: {group.message[:60]}")),
                *(escape(group.frame), escape(", ".join(group.consumers)), escape(", ".join(group.event_types))),
                f"{group.last_failed_at:%Y-%m-%d %H:%M:%S}",
            )
        self._print(table)

    def _show(self, dead_letter_id: int) -> None:
        dead_letter = DeadLetter.objects.filter(pk=dead_letter_id).first()
        if dead_letter is None:
            raise CommandError(f"no dead letter {dead_letter_id}")
        self.stdout.write(msgspec.json.format(msgspec.json.encode(dead_letter_view(dead_letter))).decode())

    def _print(self, table: Table) -> None:
        if not table.row_count:
            self.stdout.write("There is none.")
            return
        text = StringIO()
        Console(file=text, width=WIDTH, force_terminal=self.stdout.isatty()).print(table)
        self.stdout.write(text.getvalue())


def _add_filter(parser: CommandParser) -> None:
    parser.add_argument("ids", type=int, nargs="*", metavar="ID", help="Only these dead letters.")
    parser.add_argument("--group", dest="failure_group", help="Only failures of this group; see `groups`.")
    parser.add_argument("--consumer", help="Only dead letters of this consumer group.")
    parser.add_argument("--type", dest="event_type", help="Only dead letters of this event type.")
    parser.add_argument("--topic", help="Only dead letters that came from this topic.")
    parser.add_argument("--exception", help="Only dead letters that this class of exception was raised for.")
    parser.add_argument("--text", help="Only dead letters with this in the exception's message, in any case.")
    parser.add_argument(
        "--since", type=_timestamp, help="Only dead letters that failed last at this time or later (ISO 8601)."
    )
    parser.add_argument("--until", type=_timestamp, help="Only dead letters that failed last before this time.")


def _add_following(parser: CommandParser) -> None:
    parser.add_argument("--detach", action="store_true", help="Do not wait for the end.")
    parser.add_argument("--here", action="store_true", help="Carry it out in this process, without a worker.")


def _timestamp(text: str) -> datetime:
    timestamp = datetime.fromisoformat(text)
    try:
        return timestamp.astimezone(UTC) if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    except OverflowError:
        raise ArgumentTypeError(f"there is no such time in UTC: {text}") from None


def _whole_number(text: str) -> int:
    """A number from 1 to what the database counts to."""
    number = int(text)
    if not 1 <= number <= MAX_ID:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MAX_ID}")
    return number


def _filter(options: dict[str, Any]) -> DeadLetterFilter:
    names = ("failure_group", "consumer", "event_type", "topic", "exception", "text", "since", "until")
    ids = tuple(options["ids"]) or None
    archived = None if ids else bool(options.get("archived"))
    try:
        return msgspec.convert(
            {"ids": ids, "archived": archived} | {name: options[name] for name in names}, DeadLetterFilter
        )
    except msgspec.ValidationError as error:
        raise CommandError(str(error)) from error


def _actor() -> str:
    return f"{getpass.getuser()} (command line)"


def _coloured(state: str) -> str:
    return f"[{COLOURS[state]}]{state}[/]" if state in COLOURS else state


def _summary(operation: DeadLetterOperation) -> str:
    return (
        f"Operation {operation.pk} ({operation.verb}) is {operation.state}: "
        f"{operation.done} of {operation.total} done, {operation.failed} failed, {operation.skipped} skipped."
    )
