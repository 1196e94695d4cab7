"""`make bench`: Nova's hot paths beside the raw limit, on servers of its own with everything durable."""

import argparse
import os
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from django.core.management import call_command
from rich.console import Console

from benchmarks import harness
from benchmarks.setting import set_up
from nova.local.servers.embedded import kafka_server, postgres_server, valkey_server


def main() -> None:
    """Start servers, measure, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", help="measure only these names")
    parser.add_argument("--rounds", type=int, default=harness.ROUNDS, help=f"of each side (default {harness.ROUNDS})")
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
        set_up(postgres.address)
        call_command("migrate", verbosity=0)
        from benchmarks import suite

        chosen = [
            one
            for one in suite.measures(postgres.address, brokers, stack)
            if not options.only or one.name in options.only
        ]
        results = []
        for measure in chosen:
            with console.status(f"measuring {measure.name} …"):
                results.append(harness.run(measure, rounds=options.rounds))
            console.print(f"{measure.name}: {results[-1].ratio:.2f} of {results[-1].raw:,.0f} {measure.unit}")
        harness.tell(results, harness.machine(postgres.address), console)


if __name__ == "__main__":
    main()
