"""`manage.py export_events`: take the log out."""

import gzip
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from events.api import safe_position
from events.transfer.exporter import export_lines
from kit.commands import OperatorCommand

STANDARD_OUTPUT = Path("-")


class Command(OperatorCommand):
    """Exports the log as NDJSON."""

    help = (
        "Export events as NDJSON, one event a line, in the order of the log; examples/import/nova.toml takes it back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, help="where to; gzipped when it ends in .gz; - for standard output")
        parser.add_argument("--after", type=int, default=0, help="only events after this position")
        parser.add_argument("--event-type", action="append", help="only events of this type; may be given repeatedly")
        parser.add_argument("--aggregate-type", help="only events of streams of this type")
        parser.add_argument("--force", action="store_true", help="overwrite an existing file")

    def handle(self, *, file: Path, after: int, force: bool, **options: Any) -> None:
        """Run the export."""
        if file != STANDARD_OUTPUT and file.exists() and not force:
            raise CommandError(f"{file} exists; --force overwrites it")
        console = Console(file=sys.stderr)
        count = 0
        with ExitStack() as stack:
            out = sys.stdout.buffer if file == STANDARD_OUTPUT else _open(file, stack)
            bar = stack.enter_context(
                Progress(
                    TextColumn("exporting"),
                    BarColumn(),
                    TaskProgressColumn(),
                    TextColumn("{task.description}"),
                    TimeRemainingColumn(),
                    console=console,
                    disable=not console.is_terminal,
                )
            )
            task = bar.add_task("", total=max(safe_position() - after, 0) or None)
            lines = export_lines(after, event_types=options["event_type"], aggregate_type=options["aggregate_type"])
            for count, (position, line) in enumerate(lines, 1):
                out.write(line)
                if count % 1_000 == 0:
                    bar.update(task, completed=position - after, description=f"{count} events")
        console.print(f"{count} events exported", highlight=False)


def _open(path: Path, stack: ExitStack) -> BinaryIO:
    raw = stack.enter_context(path.open("wb"))
    return cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=raw, mode="wb"))) if path.suffix == ".gz" else raw
