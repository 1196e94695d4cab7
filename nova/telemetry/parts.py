"""Parts up: whether each part that Nova stands on answers, as a gauge, so that an outage is told while it lasts."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from nova.health.readiness import Readiness


class PartsCollector(Collector):
    """One gauge, of what readiness has found."""

    def __init__(self, found: Readiness) -> None:
        self._found = found

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """1 for each part that is ready, of those that Nova cannot do without."""
        gauge = GaugeMetricFamily("nova_part_up", "1 while a part is ready, as /health/ready sees it.", labels=["part"])
        for part, outcome in self._found.outcomes.items():
            if outcome.is_needed:
                gauge.add_metric([part], float(outcome.is_ok))
        yield gauge
