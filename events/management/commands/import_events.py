"""`manage.py import_events`: bring events of other systems in."""

import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from events.transfer.exceptions import TransferError
from events.transfer.importer import ImportProgress, fingerprint, run_import
from events.transfer.mapping import read_map
from events.transfer.rows import SourceFile, SourceRow
from kit.commands import OperatorCommand

SECONDS_BETWEEN_TRIES = 0.5
SECONDS_BETWEEN_LINES = 5
MAX_TIMEOUT = 30 * 86_400


class Command(OperatorCommand):
    """Imports a CSV or NDJSON file."""

    help = (
        "Import events from a CSV or NDJSON file, plain or gzipped. An import that was interrupted goes on where it "
        "stopped; one that is repeated adds nothing. Rows that cannot become events are written to the reject file "
        "with the reason, and the others are imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, help="the data: .csv, .ndjson or .jsonl, also with .gz")
        parser.add_argument("--map", type=Path, required=True, help="how rows become events; see examples/import/")
        parser.add_argument("--batch", type=int, default=500, help="rows of one transaction (default 500)")
        parser.add_argument("--rejects", type=Path, help="where bad rows go (default FILE.rejects.ndjson, here)")
        parser.add_argument(
            "--patience", type=float, default=120, help="seconds to wait for a database that is away (default 120)"
        )

    def handle(self, *, file: Path, batch: int, rejects: Path | None, patience: float, **options: Any) -> None:
        """Run the import."""
        if not 1 <= batch <= 10_000:
            raise CommandError("--batch must lie between 1 and 10000")
        if not 0 <= patience <= MAX_TIMEOUT:
            raise CommandError(f"--patience must lie between 0 and {MAX_TIMEOUT} seconds")
        if not file.is_file():
            raise CommandError(f"{file} is no file")
        reject_path = rejects or Path(f"{file.name}.rejects.ndjson")
        started = time.monotonic()
        try:
            with ExitStack() as stack:
                import_map, map_text = read_map(options["map"])
                source = SourceFile(file, import_map)
                display = stack.enter_context(_Display(source))
                progress = run_import(
                    source,
                    import_map,
                    name=file.name,
                    key=fingerprint(file, map_text),
                    batch_size=batch,
                    reject=_RejectFile(reject_path, stack),
                    report=display.show,
                    wait_for_database=_DatabaseWait(patience, display),
                )
        except TransferError as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - started
        resumed = f" (resumed after row {progress.resumed_at})" if progress.resumed_at else ""
        self.stdout.write(
            f"{progress.rows} rows{resumed}: {progress.appended} events appended, {progress.known} already there, "
            f"{progress.rejected} rejected, in {seconds:.1f} s"
        )
        if progress.rejected:
            self.stdout.write(f"The rejected rows and the reasons are in {reject_path}")


class _RejectFile:
    """Opens the file when the first bad row comes."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._file: BinaryIO | None = None

    def __call__(self, row: SourceRow, reason: str) -> None:
        if self._file is None:
            self._file = self._stack.enter_context(self._path.open("ab"))
        values = {_printable(key): _printable(value) for key, value in row.values.items()}
        self._file.write(msgspec.json.encode({"row": row.number, "reason": reason, "values": values}) + b"\n")
        self._file.flush()


def _printable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


class _Display:
    """A bar on a terminal; elsewhere a line now and then."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("importing"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=source.size or None)
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: ImportProgress) -> None:
        text = f"{progress.appended} appended, {progress.known} there, {progress.rejected} rejected"
        self._bar.update(self._task, completed=self._source.bytes_read, description=text)
        if not self._console.is_terminal and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"row {progress.rows}: {text}", highlight=False)

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False)


class _DatabaseWait:
    """Waits for a database that is away, until patience runs out; a success in between renews it."""

    def __init__(self, seconds: float, display: _Display) -> None:
        self._seconds = seconds
        self._display = display
        self._last_failure = float("-inf")
        self._since = 0.0

    def __call__(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._last_failure > 10 * SECONDS_BETWEEN_TRIES:
            self._since = now
            self._display.say(f"the database is away ({str(error).splitlines()[0]}); waiting for it")
        self._last_failure = now
        if now - self._since > self._seconds:
            raise CommandError(
                f"the database stayed away for {self._seconds:.0f} s; nothing is lost: run the same command again, "
                "and the import goes on where it stopped"
            ) from error
        time.sleep(SECONDS_BETWEEN_TRIES)
