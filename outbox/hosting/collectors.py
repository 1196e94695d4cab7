"""Collectors: what Prometheus is told of the rows and of the broker, asked of them at each scrape."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

import structlog
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox.conf import outbox_conf
from outbox.consumers.lag import lag_of, names_at_broker, waiting_times
from outbox.exceptions import BrokerUnavailable, Unsupported
from outbox.handling.handlers import registered_groups
from outbox.messages.topics import names_in_code
from outbox.signals.labels import OTHER
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)


class QueueCollector(Collector):
    """The outbox as its rows are at the moment of the scrape."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Four gauges; none while the database is away, so that the rest can still be scraped."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement("backlog"))
                size, age, dead = cursor.fetchone()
                cursor.execute(statement("open_dead_letters"))
                dead_letters = {group.name: 0 for group in registered_groups()} | dict(cursor.fetchall())
        except (DatabaseError, InterfaceError) as error:
            log.warning("the outbox cannot be measured", error=str(error))
            return
        yield GaugeMetricFamily("outbox_queue_size", "Rows to be published, without dead ones.", value=size)
        yield GaugeMetricFamily("outbox_queue_age_seconds", "Age of the oldest row to be published.", value=age)
        yield GaugeMetricFamily("outbox_dead_rows", "Rows that were given up and hold their keys.", value=dead)
        yield _gauge(
            "outbox_dead_letters_open",
            "Dead letters that an operator has to decide about.",
            ["group"],
            [((group,), number) for group, number in dead_letters.items()],
        )

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to be registered must not ask the database."""
        return ()


class LagCollector(Collector):
    """How far consumer groups are behind, asked of the broker at the moment of the scrape, whoever consumes or not."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Two gauges; none while the broker is away."""
        told: set[tuple[str, str, int]] = set()
        lags: Counter[tuple[str, str, str]] = Counter()
        times: dict[tuple[str, str], float] = {}
        in_code = frozenset(names_in_code(outbox_conf()))
        try:
            with suppress(Unsupported):
                for group in registered_groups():
                    group_id, topics = names_at_broker(group)
                    named = in_code.union(topics)
                    # With KAFKA_GROUP_ID, several groups of ours are one at the broker.
                    new = [one for one in lag_of(group) if (group_id, one.topic, one.partition) not in told]
                    waiting = waiting_times(new)
                    for one in new:
                        told.add((group_id, one.topic, one.partition))
                        # A group that wants all events also follows topics of which no code knows.
                        topic = one.topic if one.topic in named else OTHER
                        lags[group_id, topic, str(one.partition)] += one.lag
                        if (seconds := waiting.get((one.topic, one.partition))) is not None:
                            times[group_id, topic] = max(seconds, times.get((group_id, topic), 0.0))
        except BrokerUnavailable as error:
            log.warning("the consumers' lag cannot be measured", error=str(error))
            return
        yield _gauge(
            "kafka_consumer_lag",
            "Messages that a group has not committed yet.",
            ["group", "topic", "partition"],
            lags.items(),
        )
        yield _gauge(
            "event_queue_lag_seconds",
            "Age of the oldest message that a group has not committed yet, by the message's timestamp.",
            ["group", "topic"],
            times.items(),
        )

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to be registered must not ask the broker."""
        return ()


def _gauge(
    name: str, meaning: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, meaning, labels=labels)
    for of_labels, value in values:
        gauge.add_metric(of_labels, value)
    return gauge


def register_collectors(registry: CollectorRegistry = REGISTRY) -> None:
    """Let a registry ask the rows and the broker; in the one process that is scraped."""
    registry.register(QueueCollector())
    registry.register(LagCollector())
