"""What can be measured from outside?

Counters are kept where the work is done, and shown there: see `outbox.hosting.metrics_server`. With
`PROMETHEUS_MULTIPROC_DIR` set, all processes of a machine keep them in that directory and any of them can show the sum. What the rows say is asked
of the rows, at each scrape.
"""

import os
from collections.abc import Iterable

import structlog
from confluent_kafka import KafkaException
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from outbox.consumers.lag import lag_of, names_at_broker
from outbox.handling.handlers import registered_groups
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

EVENTS_PUBLISHED = Counter("events_published_total", "Events that reached their topic.", ["event_type", "service"])
EVENTS_CONSUMED = Counter(
    "events_consumed_total", "Events that took effect on a consumer group.", ["event_type", "service"]
)
PROCESSING_DURATION = Histogram(
    "event_processing_duration", "Seconds that a handler took for an event.", ["event_type", "handler"]
)
PUBLISH_FAILURES = Counter("event_publish_failures", "Deliveries that failed.")
DEAD_LETTERS = Counter("event_dead_letters_total", "Messages that a consumer group could not handle.", ["group"])


class QueueCollector(Collector):
    """The outbox as its rows are at the moment of the scrape."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Four gauges; none while the database is away, so that the rest can still be scraped."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement("backlog"))
                size, lag, dead = cursor.fetchone()
                cursor.execute(statement("open_dead_letters"))
                letters = {group.name: 0 for group in registered_groups()} | dict(cursor.fetchall())
        except (DatabaseError, InterfaceError) as error:
            log.warning("the outbox cannot be measured", error=str(error))
            return
        yield GaugeMetricFamily("outbox_queue_size", "Rows to be published, without dead ones.", value=size)
        yield GaugeMetricFamily("event_queue_lag_seconds", "Age of the oldest row to be published.", value=lag)
        yield GaugeMetricFamily("outbox_dead_rows", "Rows that were given up and hold their keys.", value=dead)
        waiting = GaugeMetricFamily(
            "outbox_dead_letters_open", "Dead letters that an operator has to decide about.", labels=["group"]
        )
        for group, number in letters.items():
            waiting.add_metric([group], number)
        yield waiting

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to be registered must not ask the database."""
        return ()


class LagCollector(Collector):
    """How far consumer groups are behind, asked of the broker at the moment of the scrape, whoever consumes or not."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge; none while the broker is away."""
        gauge = GaugeMetricFamily(
            "kafka_consumer_lag",
            "Messages that a group has not committed yet.",
            labels=["group", "topic", "partition"],
        )
        told = set()
        try:
            for group in registered_groups():
                group_id, _ = names_at_broker(group)
                for one in lag_of(group):
                    # With KAFKA_GROUP_ID, several groups of ours are one at the broker.
                    if (group_id, one.topic, one.partition) not in told:
                        told.add((group_id, one.topic, one.partition))
                        gauge.add_metric([group_id, one.topic, str(one.partition)], one.lag)
        except KafkaException as error:
            log.warning("the consumers' lag cannot be measured", error=error.args[0].name())
            return
        yield gauge

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to be registered must not ask the broker."""
        return ()


def process_counters() -> CollectorRegistry:
    """The counters of this process; of all processes of this machine, where they share a directory."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def register_collectors(registry: CollectorRegistry = REGISTRY) -> None:
    """Let a registry ask the rows and the broker; in the one process that is scraped."""
    registry.register(QueueCollector())
    registry.register(LagCollector())
