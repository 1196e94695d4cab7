"""Metrics of materialised views: how old they are, asked of the database at each scrape."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox.api import is_outage
from projections.views.records import ViewStatus, view_statuses

log = structlog.get_logger(__name__)


class ViewCollector(Collector):
    """Gauges of every registered view. Without a database there are none, rather than old ones."""

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values; registering the collector asks no database."""
        return list(_families([]))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as the tables are now."""
        try:
            statuses = view_statuses()
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("view_metrics_unavailable", error=type(error).__name__)
            return
        yield from _families(statuses)


def _families(statuses: list[ViewStatus]) -> Iterator[GaugeMetricFamily]:
    age = GaugeMetricFamily("materialised_view_age_seconds", "How far a view may be behind", labels=["view"])
    seconds = GaugeMetricFamily(
        "materialised_view_refresh_seconds", "How long the last refresh as a whole took", labels=["view"]
    )
    failures = GaugeMetricFamily(
        "materialised_view_failures", "How often the refresh has failed in a row; 0 is well", labels=["view"]
    )
    for status in statuses:
        if status.age is not None:
            age.add_metric([status.name], status.age)
        seconds.add_metric([status.name], status.seconds)
        failures.add_metric([status.name], status.attempts)
    yield from (age, seconds, failures)
