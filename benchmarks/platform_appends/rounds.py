"""Round: a load is put on a platform, and what came of it is told."""

import statistics
import time
from collections.abc import Sequence

from msgspec import Struct

from benchmarks.platform_appends.arrival import Latency, await_arrival, last_position, latencies, transactions
from benchmarks.platform_appends.checkout import Running
from benchmarks.platform_appends.clients import append_all
from benchmarks.platform_appends.mix import Mix
from benchmarks.platform_appends.processor import processor_time, used


class Round(Struct, frozen=True, kw_only=True):
    """What one round has shown."""

    appended: int
    """Events that clients have appended; consumers add theirs."""
    recorded: int
    """Events in the log at the end, that came of it."""
    seconds: float
    """From the first append until everything has had its effect."""
    drain: float
    """How much of that was after the last append."""
    processor: dict[str, float]
    """Seconds, by process."""
    transactions: float
    """Of the database, for each recorded event: how well work gathers, whatever else the machine does."""
    consumed: Latency
    projected: Latency

    @property
    def rate(self) -> float:
        """Recorded events a second that everything kept up with."""
        return self.recorded / self.seconds

    @property
    def milliseconds(self) -> dict[str, float]:
        """Of processor time by process, for each recorded event."""
        return {name: 1000 * seconds / self.recorded for name, seconds in self.processor.items()}

    @property
    def cost(self) -> float:
        """Milliseconds of processor time for each recorded event, of all processes."""
        return sum(self.milliseconds.values())


class Platform:
    """A running platform under load."""

    def __init__(self, running: Running, *, clients: int, seed: int = 1) -> None:
        """`seed` is of what is appended."""
        self.running = running
        self._clients = clients
        self._mix = Mix(seed)

    def begin(self) -> None:
        """Let there be what the mix speaks of, and warm everything up."""
        for appends in (self._mix.beginning(), self._mix.draw(300)):
            append_all(self.running.port, self.running.token, appends, clients=1)
        await_arrival(self.running)

    def round(self, events: int, *, rate: float = 0.0) -> Round:
        """Append so many events, as fast as possible or at a rate, and wait for all that comes of them."""
        running, appends = self.running, self._mix.draw(events)
        position, begun = last_position(running), transactions(running)
        before = processor_time(running.processes)
        began = time.perf_counter()
        appending = append_all(running.port, running.token, appends, clients=self._clients, rate=rate)
        arrived = await_arrival(running)
        after = processor_time(running.processes)
        consumed, projected = latencies(running, position)
        recorded = last_position(running) - position
        return Round(
            appended=events,
            recorded=recorded,
            seconds=arrived - began,
            drain=arrived - began - appending,
            processor=used(before, after),
            transactions=(transactions(running) - begun) / recorded,
            consumed=consumed,
            projected=projected,
        )

    def idle(self, seconds: float) -> dict[str, float]:
        """Percent of a core that each process uses while nothing happens."""
        before = processor_time(self.running.processes)
        time.sleep(seconds)
        taken = used(before, processor_time(self.running.processes))
        return {name: 100 * one / seconds for name, one in taken.items()}


def medians(rounds: Sequence[Round]) -> dict[str, float]:
    """Median milliseconds an event by process, over several rounds."""
    return {name: statistics.median(one.milliseconds[name] for one in rounds) for name in rounds[0].processor}
