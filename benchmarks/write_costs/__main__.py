"""Write costs: what each part of an append costs; the table of docs/adr/0031.

Every round appends to the tables of each variant in turn, so that a machine which is slow for a while is slow for all.
What counts is the median over rounds of what the real tables cost more in the same round.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import call_command
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.recycling import as_after_a_while
from benchmarks.setting import set_up
from nova.local.servers.embedded import postgres_server, valkey_server

if TYPE_CHECKING:
    from benchmarks.write_costs.tables import Cost, VariantTables

ROUNDS, ONES, BATCHES, BATCH = 30, 20, 2, 100
ROWS = 200_000


def main() -> None:
    """Start servers, measure, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.write_costs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"events whose size on disk is told (default {ROWS})")
    options = parser.parse_args()
    console = Console(width=120)
    with (
        tempfile.TemporaryDirectory(prefix="nova-bench-") as directory,
        postgres_server(Path(directory), durable=True) as postgres,
        valkey_server(Path(directory)) as valkey,
        ExitStack() as stack,
    ):
        os.environ["REDIS_URL"] = valkey.address
        as_after_a_while(postgres)
        set_up(postgres.address)
        call_command("migrate", verbosity=0)
        from benchmarks.write_costs.tables import VariantTables
        from benchmarks.write_costs.variants import SIZED, VARIANTS

        tables = [
            stack.enter_context(closing(VariantTables(postgres.address, number, variant)))
            for number, variant in enumerate(VARIANTS)
        ]
        for number, times in ((1, ONES), (BATCH, BATCHES)):
            console.print(_costs(tables, number, times, rounds=options.rounds))
        for one in tables:
            if one.variant.name in SIZED:
                console.print(_sizes(one, options.rows))


def _costs(tables: Sequence["VariantTables"], number: int, times: int, *, rounds: int) -> Table:
    for one in tables:
        one.append(number, times=10)
    costs: dict[str, list[Cost]] = {one.variant.name: [] for one in tables}
    for turn in track(range(rounds), description=f"appends of {number}", transient=True):
        # Each round another one begins.
        for one in (*tables[turn % len(tables) :], *tables[: turn % len(tables)]):
            costs[one.variant.name].append(one.append(number, times=times))
    base = costs[tables[0].variant.name]
    table = Table("an event costs", "elapsed µs", "processor µs", "WAL bytes", title=f"In appends of {number}")
    for name, found in costs.items():
        figures = []
        for field in ("elapsed", "processor", "wal"):
            own = [getattr(cost, field) for cost in found]
            if found is base:
                figures.append(f"{statistics.median(own):,.1f}")
                continue
            pairs = [value - getattr(other, field) for value, other in zip(own, base, strict=True)]
            figures.append(f"{statistics.median(pairs):+,.1f}")
        table.add_row(name, *figures)
    return table


def _sizes(tables: "VariantTables", rows: int) -> Table:
    per_append = 1_000
    before = tables.sizes()
    for _ in range(rows // per_append):
        tables.append(per_append, times=1)
    table = Table("relation", "bytes an event", title=f"On disk, {tables.variant.name}, of {rows:,} events more")
    for name, size in tables.sizes().items():
        table.add_row(name, f"{(size - before[name]) / rows:,.0f}")
    return table


if __name__ == "__main__":
    main()
