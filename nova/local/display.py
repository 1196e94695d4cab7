"""Terminal display: what a person sees while Nova starts, and once it runs."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from nova.local.services import Services

READY = "ready"
# Seconds between two lines about the same step where lines can't be replaced.
LINE_INTERVAL = 3.0
# Without a terminal, lines are as long as they need to be: an address that is broken in two is of no use.
PLAIN_WIDTH = 200


def standard_output() -> Console:
    """The console on the terminal, or on whatever reads what we print."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


class Display(Protocol):
    """Shows the steps of a start; several may be under way."""

    def show(self, name: str, status: str | None) -> None:
        """Tell what a step is doing, or that it is done (None)."""


@contextmanager
def display_on(console: Console) -> Iterator[Display]:
    """One changing line a step on a terminal, plain lines anywhere else."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (SpinnerColumn(finished_text="[green]✓[/]"), TextColumn("{task.fields[step]:<12}"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.description}"), console=console) as progress:
        yield _Live(progress)


class _Live:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, name: str, status: str | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task("", total=1, step=name)
        self._progress.update(
            self._tasks[name], description=status or READY, completed=1 if status is None else 0, refresh=True
        )


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._began: dict[str, float] = {}
        self._last: dict[str, tuple[str, float]] = {}

    def show(self, name: str, status: str | None) -> None:
        now = time.monotonic()
        with self._lock:
            began = self._began.setdefault(name, now)
            text, said = self._last.get(name, ("", 0.0))
            if status is None and text != READY:
                self._say(name, READY, f" after {now - began:.1f} s")
            elif status and status != text and now - said >= LINE_INTERVAL:
                self._say(name, status, "")

    def _say(self, name: str, status: str, detail: str) -> None:
        self._last[name] = (status, time.monotonic())
        self._console.print(f"{name}: {status}{detail}", soft_wrap=True)


def services_table(services: Services, *, health: Mapping[str, str] | None = None) -> Table:
    """Addresses and credentials, and each process with its number, or with its health where that is known."""
    # No frame: an address is to be copied whole from a terminal of 80 columns.
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    web = services.web_url
    rows = {
        "admin": f"{web}/admin/",
        "  user": services.admin.user,
        "  password": services.admin.password,
        "API": f"{web}/api/v1/",
        "  documentation": f"{web}/api/docs/",
        "  token": services.api_token,
        "PostgreSQL": services.database_url,
        "Redis": services.redis_url,
        "Kafka": services.kafka_brokers,
    }
    for name, value in rows.items():
        table.add_row(name, value)
    table.add_row()
    for name, pid in services.processes.items():
        table.add_row(name, (health or {}).get(name, f"process {pid}"))
    return table
