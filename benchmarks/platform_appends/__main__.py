"""`python -m benchmarks.platform_appends`: what an event costs when all of Nova runs, by process.

With `--beside CHECKOUT`, another commit's platform takes turns with this one's, on servers of its own. What counts is
processor time: seconds are those of a machine that may have other work.
"""

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.platform_appends.checkout import running_platform
from benchmarks.platform_appends.mail import mail_taken
from benchmarks.platform_appends.rounds import Platform, Round, medians

HERE = Path(__file__).parents[2]


def main() -> None:
    """Start one platform or two, put the load on each in turn, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.platform_appends", description=__doc__)
    parser.add_argument("--beside", type=Path, help="a checkout to compare with, such as a worktree of another commit")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--events", type=int, default=2_000, help="of each round (default 2000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.0, help="appends a second (default: as fast as it goes)")
    parser.add_argument("--idle", type=float, default=0.0, help="seconds of idleness to measure first")
    options = parser.parse_args()
    checkouts = {"here": HERE} | ({"beside": options.beside.absolute()} if options.beside else {})
    console = Console()
    # Also who is asked to end leaves no platform behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as directory, ExitStack() as stack:
        # PostgreSQL does not run as root, and its own user has to pass through.
        Path(directory).chmod(0o711)
        mail_port = stack.enter_context(mail_taken())
        platforms: dict[str, Platform] = {}
        for name, checkout in checkouts.items():
            started = running_platform(checkout, Path(directory) / name, name=name, mail_port=mail_port)
            running = stack.enter_context(started)
            platforms[name] = Platform(running, clients=options.clients)
            platforms[name].begin()
        if options.idle:
            for name, platform in platforms.items():
                tell_idle(name, platform.idle(options.idle), console)
        rounds: dict[str, list[Round]] = {name: [] for name in platforms}
        for number in range(options.rounds):
            for name, platform in list(platforms.items())[:: 1 if number % 2 else -1]:
                rounds[name].append(platform.round(options.events, rate=options.rate))
                tell_round(name, rounds[name][-1], console)
        for name in platforms:
            tell(name, rounds[name], console)


def tell_idle(name: str, percents: dict[str, float], console: Console) -> None:
    """Print what nothing costs."""
    parts = ", ".join(f"{process} {percent:.1f}" for process, percent in percents.items())
    console.print(f"{name}, idle: {sum(percents.values()):.1f} % of a core ({parts})", highlight=False)


def tell_round(name: str, one: Round, console: Console) -> None:
    """Print a round."""
    console.print(
        f"{name}: {one.recorded} events ({one.appended} appended) in {one.seconds:.1f} s, {one.rate:.0f}/s, "
        f"the last {one.drain:.2f} s of it to drain; {one.cost:.2f} ms of processor "
        f"and {one.transactions:.1f} transactions an event; commit to effect "
        f"p50 {one.consumed.p50:.0f} ms, p99 {one.consumed.p99:.0f} ms of {one.consumed.count}; "
        f"to projection {one.projected.p50:.0f}, {one.projected.p99:.0f} of {one.projected.count}",
        highlight=False,
        soft_wrap=True,
    )


def tell(name: str, rounds: list[Round], console: Console) -> None:
    """Print the medians."""
    table = Table("process", "ms an event", title=f"{name}: processor time", title_justify="left")
    by_process = medians(rounds)
    for process, milliseconds in by_process.items():
        table.add_row(process, f"{milliseconds:.2f}")
    table.add_row("all", f"{sum(by_process.values()):.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
