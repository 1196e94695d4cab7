"""`python -m benchmarks.console`: how long an operator waits, over 5 000 000 events on a database of its own.

It is no part of `make bench`, for filling takes minutes. It ends with status 1 where something is slower than allowed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from django.core.management import call_command
from rich.console import Console
from rich.table import Table

from benchmarks.setting import set_up
from nova.local.servers.embedded import postgres_server, valkey_server

EVENTS = 5_000_000
CALLS = 40


def main() -> None:
    """Fill, measure, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("only", nargs="*", help="measure only what begins so")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"in the log (default {EVENTS:,})")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"of each kind (default {CALLS})")
    options = parser.parse_args()
    console = Console(width=110)
    with (
        tempfile.TemporaryDirectory(prefix="nova-bench-") as directory,
        postgres_server(Path(directory), durable=True) as postgres,
        valkey_server(Path(directory)) as valkey,
    ):
        os.environ["REDIS_URL"] = valkey.address
        set_up(postgres.address)
        call_command("migrate", verbosity=0)
        from benchmarks.console.filling import fill
        from benchmarks.console.measures import Operator

        fill(options.events, console.print)
        operator = Operator(options.events)
        table = Table(
            "measure", "median", "p95", "processor", "allowed", title=f"{options.events:,} events, milliseconds"
        )
        slow = []
        for name, allowed, path in operator.paths():
            if options.only and not name.startswith(tuple(options.only)):
                continue
            found = operator.measure(name, allowed, path, calls=options.calls)
            figures = (found.median, found.p95, found.processor, allowed)
            console.print(name, *(f"{figure:.0f}" for figure in figures))
            table.add_row(name, *(f"{figure:.0f}" for figure in figures))
            slow += [] if found.is_reached else [name]
        console.print(table)
        if slow:
            console.print(f"Slower than allowed: {', '.join(slow)}.")
            sys.exit(1)


if __name__ == "__main__":
    main()
