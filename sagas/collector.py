"""Metrics of saga rows: how many instances stand where, and how late timers are, asked of the tables at each scrape."""

from collections.abc import Iterator

import structlog
from django.db import connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox.api import is_outage
from sagas.operating.standing import Standing, open_instances
from sagas.sql.statements import statement

log = structlog.get_logger(__name__)


class SagaCollector(Collector):
    """Gauges of instances that have not ended. Without a database there are none, rather than old ones."""

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values; registering the collector asks no database."""
        return list(_families([], 0.0))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as the tables are now."""
        try:
            standing = open_instances()
            with connection.cursor() as cursor:
                cursor.execute(statement("overdue"))
                overdue = float(cursor.fetchone()[0])
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("saga_metrics_unavailable", error=type(error).__name__)
            return
        yield from _families(standing, overdue)


def _families(standing: list[Standing], overdue: float) -> Iterator[GaugeMetricFamily]:
    instances = GaugeMetricFamily("sagas_open", "Instances that have not ended", labels=["saga_type", "status"])
    for one in standing:
        instances.add_metric([one.saga, one.status], one.number)
    late = GaugeMetricFamily("saga_timers_overdue_seconds", "How long the most overdue timer has been due; 0 for none")
    late.add_metric([], overdue)
    yield from (instances, late)
