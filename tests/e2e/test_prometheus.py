"""Lag alert: a real Prometheus sees a consumer group that lags, by the rules of the production set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from nova.local.processes.ports import LOOPBACK, free_port
from outbox.api import ConsumerGroup, Handler, KafkaBus, TopicSpec
from outbox.handling import handlers
from outbox.hosting.collectors import LagCollector
from tests.support.outbox import eventually, produce, unique
from tests.support.prometheus import Prometheus, needs_prometheus, prometheus

pytestmark = needs_prometheus


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A page with the lag of consumer groups, of which there are none yet; its port."""
    monkeypatch.setattr(handlers, "_groups", {})
    registry, port = CollectorRegistry(), free_port()
    registry.register(LagCollector())
    server, thread = start_http_server(port, LOOPBACK, registry)
    yield port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def alerts(page: int, tmp_path: Path) -> Iterator[Prometheus]:
    """What a Prometheus that scrapes the page every second knows of alerts."""
    often = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    with prometheus(tmp_path, {"web": [page]}, **often) as running:
        yield running


def test_a_group_above_1000_is_found_with_topic_and_partition(
    alerts: Prometheus, kafka_brokers: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KAFKA_BROKERS = kafka_brokers
    handler = Handler(name="none", event_types=["x.happened"], handle=lambda _: None)
    behind, just_not = [
        ConsumerGroup(name=unique("group"), topics=[unique("topic")], handlers=[handler]) for _ in range(2)
    ]
    bus = KafkaBus(kafka_brokers)
    bus.ensure_topics([TopicSpec(name=group.topics[0], partitions=1) for group in (behind, just_not)])
    bus.close()
    message = (b"k", b"{}", {"event_type": b"x.happened"})
    produce(kafka_brokers, behind.topics[0], *[message] * 1_001)
    produce(kafka_brokers, just_not.topics[0], *[message] * 1_000)
    monkeypatch.setattr(handlers, "_groups", {group.name: group for group in (just_not, behind)})

    def told() -> list[dict[str, Any]]:
        return alerts.alerts("KafkaConsumerLagHigh")

    eventually(lambda: bool(told()))

    (alert,) = told()
    assert alert["labels"] == {
        "alertname": "KafkaConsumerLagHigh",
        "severity": "warning",
        "group": behind.name,
        "topic": behind.topics[0],
        "partition": "0",
    }
    # It fires when that has been so for five minutes, which the rules' own tests prove in a moment.
    assert (alert["state"], alert["value"]) == ("pending", "1.001e+03")
    assert alert["annotations"]["summary"] == f"Kafka consumer {behind.name} lag is 1001"
