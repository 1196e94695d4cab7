"""Metrics of projections: their lag, computed from the database at each scrape."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox.api import is_outage
from projections.operating.reading import ProjectionStatus, projection_statuses

log = structlog.get_logger(__name__)


class ProjectionCollector(Collector):
    """Gauges of every registered projection. Without a database there are none, rather than old ones."""

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values; registering the collector asks no database."""
        return list(_families([]))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as the tables are now."""
        try:
            statuses = projection_statuses()
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("projection_metrics_unavailable", error=type(error).__name__)
            return
        yield from _families(statuses)


def _families(statuses: list[ProjectionStatus]) -> Iterator[GaugeMetricFamily]:
    events = GaugeMetricFamily("projection_lag_events", "Events that wait to be applied", labels=["projection"])
    seconds = GaugeMetricFamily("projection_lag_seconds", "Age of the oldest event that waits", labels=["projection"])
    position = GaugeMetricFamily("projection_position", "Checkpoint in the log", labels=["projection"])
    running = GaugeMetricFamily(
        "projection_running", "1 while nothing holds it: 0 is paused, failed or outdated", labels=["projection"]
    )
    parked = GaugeMetricFamily(
        "projection_parked_aggregates", "Aggregates that wait until an operator releases them", labels=["projection"]
    )
    for status in statuses:
        events.add_metric([status.name], status.lag.events)
        seconds.add_metric([status.name], status.lag.seconds)
        position.add_metric([status.name], status.position)
        parked.add_metric([status.name], status.parked)
        running.add_metric([status.name], float(status.status == "running"))
    yield from (events, seconds, position, running, parked)
