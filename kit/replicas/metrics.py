"""Metrics of read replicas: who answered queries, and how far each replica is behind."""

import time
from collections.abc import Iterable, Mapping

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kit.replicas.standing import Standing

READS = Counter(
    "nova_replica_reads_total",
    "Queries that a replica may answer, by the database that answered; `default` is the primary.",
    ["database"],
)
FAILOVERS = Counter(
    "nova_replica_failovers_total", "Queries that a replica failed to answer, and the primary was asked.", ["database"]
)


class ReplicaCollector(Collector):
    """Gauges of what this process knows of each replica."""

    def __init__(self, standings: Mapping[str, Standing], *, max_staleness: float) -> None:
        self._standings = standings
        self._max_staleness = max_staleness

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """How old answers of a replica are at most, what it has to replay, and whether it is asked."""
        now = time.monotonic()
        seconds = GaugeMetricFamily(
            "nova_replica_lag_seconds", "How old answers of a replica are at most.", labels=["database"]
        )
        size = GaugeMetricFamily(
            "nova_replica_lag_bytes", "Write-ahead log that a replica has still to replay.", labels=["database"]
        )
        fit = GaugeMetricFamily("nova_replica_fit", "1 while a replica is asked.", labels=["database"])
        for alias, standing in self._standings.items():
            is_fit = standing.is_fit(now, max_staleness=self._max_staleness)
            fit.add_metric([alias], float(is_fit))
            lag = standing.lag_seconds(now)
            if not standing.trouble and lag is not None:
                seconds.add_metric([alias], lag)
                size.add_metric([alias], standing.lag_bytes)
        yield from (seconds, size, fit)
