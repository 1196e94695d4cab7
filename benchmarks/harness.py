"""Benchmark harness: speed is told as a ratio to the raw limit, both measured in turn in the same run.

A measure has two sides that do the same work: `raw`, plain psycopg with the best statement known, and `nova`. Rounds of
the two are interleaved, so that a machine which is slow for a while is slow for both; each side's median counts.
"""

import gc
import json
import os
import platform
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from msgspec import Struct, field, to_builtins
from rich.console import Console
from rich.table import Table

from outbox.hosting.hosted_loop import collect_seldom

ROUNDS = 3
COLUMNS = ("name", "nova", "other", "unit", "ratio", "goal")
WAKE_UPS = 10
OUT = Path(__file__).parent / "out" / "latest.json"

Side = Callable[[], float]
"""Runs one round and returns the rate, or the time, that it measured."""


class Measure(Struct, frozen=True, kw_only=True):
    """Something that is measured on both sides."""

    name: str
    unit: str
    """Such as `events/s`; a unit that is a time or a cost is better when it is less."""
    goal: float
    """The least ratio of Nova to raw that is good enough."""
    raw: Side
    nova: Side
    beside: str = "raw"
    """What the other side is."""

    @property
    def less_is_better(self) -> bool:
        """Whether the unit is a time or a cost."""
        return self.unit in {"s", "ms", "µs", "queries/s", "% of a core"}


class Pair(Struct):
    """Two figures of each round that are told as two measures: the second waits until it is asked for."""

    run: Callable[[], tuple[float, float]]
    waiting: deque[float] = field(default_factory=deque)

    def first(self) -> float:
        """Measure both, and tell the first."""
        first, second = self.run()
        self.waiting.append(second)
        return first

    def second(self) -> float:
        """The second of a round that was measured, or of a new one."""
        return self.waiting.popleft() if self.waiting else self.run()[1]


class Result(Struct, frozen=True, kw_only=True):
    """A line of the table and of `latest.json`."""

    name: str
    value: float
    unit: str
    raw: float
    ratio: float
    """How much of the raw limit Nova reaches; 1 is all of it."""
    goal: float
    beside: str = "raw"

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached, by the figures as they are told."""
        return round(self.ratio, 2) >= round(self.goal, 2)


def run(measure: Measure, *, rounds: int = ROUNDS) -> Result:
    """Warm both sides up, then measure them in turn."""
    measure.raw(), measure.nova()
    raw: list[float] = []
    nova: list[float] = []
    for number in range(rounds):
        # Each round the other side begins, lest one always finds the caches warm.
        for side, values in ((measure.raw, raw), (measure.nova, nova))[:: 1 if number % 2 else -1]:
            values.append(side())
    value, limit = statistics.median(nova), statistics.median(raw)
    return Result(
        name=measure.name,
        value=value,
        unit=measure.unit,
        raw=limit,
        ratio=limit / value if measure.less_is_better else value / limit,
        goal=measure.goal,
        beside=measure.beside,
    )


def rate(work: Callable[[], int]) -> float:
    """Units of work per second."""
    began = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - began)


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """Let Python look for cycles as seldom as in the processes that host loops."""
    thresholds = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def machine(database_url: str) -> dict[str, str]:
    """What the figures were measured on."""
    with psycopg.connect(database_url) as connection:
        shown = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        }
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    facts = {
        "cpu": cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "system": platform.release(),
        "wake-up": f"{_wake_up() * 1000:.1f} ms",
    }
    return facts | {f"postgresql {name}": str(row[0]) if row else "" for name, row in shown.items()}


def _wake_up() -> float:
    """Seconds of processor time that a thread uses which sleeps for 0.4 s and has nothing to do then.

    That is what an idle process pays for each look, and on a virtual machine it may be milliseconds.
    """
    began = time.thread_time()
    for _ in range(WAKE_UPS):
        time.sleep(0.4)
    return (time.thread_time() - began) / WAKE_UPS


def cells(result: Result) -> tuple[str, ...]:
    """A line of the table, under `COLUMNS`."""
    figures = f"{result.value:,.1f}", f"{result.raw:,.1f}"
    return result.name, *figures, result.unit, f"{result.ratio:.2f}", f"{result.goal:.2f}"


def tell(results: Sequence[Result], facts: dict[str, str], console: Console) -> None:
    """Print the table and write `latest.json`."""
    table = Table(*COLUMNS, title="Nova beside the raw limit", title_justify="left")
    for result in results:
        *figures, ratio, goal = cells(result)
        table.add_row(*figures, f"[{'green' if result.is_met else 'red'}]{ratio}[/]", goal)
    console.print(table)
    others = sorted({result.beside for result in results} - {"raw"})
    console.print(*(f"peer_…: beside {other}" for other in others), sep="\n", end="\n" if others else "")
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()), highlight=False)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([to_builtins(result) for result in results], indent=2) + "\n")
    OUT.with_name("machine.json").write_text(json.dumps(facts, indent=2) + "\n")
