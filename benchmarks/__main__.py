"""`make bench`: Nova's hot paths beside the raw limit, on servers of its own with everything durable.

It ends with status 1 when a goal is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from django.core.management import call_command
from rich.console import Console

from benchmarks import evidence, harness
from benchmarks.harness import Result
from benchmarks.recycling import as_after_a_while
from benchmarks.setting import set_up
from nova.local.servers.embedded import kafka_server, postgres_server, valkey_server

MISSED = 1


def main() -> int:
    """Start servers, measure, tell; the status to end with."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", help="measure only these names")
    parser.add_argument("--rounds", type=int, default=harness.ROUNDS, help=f"of each side (default {harness.ROUNDS})")
    parser.add_argument("--peers", action="store_true", help="measure beside other libraries too (make bench PEERS=1)")
    parser.add_argument("--evidence", type=Path, metavar="FILE", help="write the table as Markdown, for docs/evidence/")
    options = parser.parse_args()
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="nova-bench-") as directory,
        postgres_server(Path(directory), durable=True) as postgres,
        valkey_server(Path(directory)) as valkey,
        ExitStack() as stack,
    ):

        @cache
        def brokers() -> str:
            """Apache Kafka, which only some measures need."""
            return stack.enter_context(kafka_server(Path(directory))).address

        os.environ["REDIS_URL"] = valkey.address
        as_after_a_while(postgres)
        set_up(postgres.address)
        call_command("migrate", verbosity=0)
        from benchmarks import suite

        measures = suite.measures(postgres.address, brokers, stack, peers=options.peers)
        if unknown := set(options.only) - {one.name for one in measures}:
            parser.error(f"no such measure: {', '.join(sorted(unknown))}")
        chosen = [one for one in measures if not options.only or one.name in options.only]
        results = []
        for measure in chosen:
            with console.status(f"measuring {measure.name} …"):
                results.append(harness.run(measure, rounds=options.rounds))
            console.print(f"{measure.name}: {results[-1].ratio:.2f} of {results[-1].raw:,.0f} {measure.unit}")
        facts = harness.machine(postgres.address)
        harness.tell(results, facts, console)
    return conclude(results, facts, console, rounds=options.rounds, file=options.evidence)


def conclude(
    results: Sequence[Result], facts: Mapping[str, str], console: Console, *, rounds: int, file: Path | None
) -> int:
    """Write the evidence where a file for it is given, and say which goals are missed; the status to end with."""
    if file is not None:
        document = evidence.markdown(results, facts, at=datetime.now(UTC), commit=_commit(), rounds=rounds)
        file.write_text(document, encoding="utf-8")
    missed = [result.name for result in results if not result.is_met]
    if missed:
        console.print(f"goals missed: {', '.join(missed)}")
    return MISSED if missed else 0


def _commit() -> str:
    """What is measured; `unknown` outside a checkout."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    told = subprocess.run(git, check=False, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
