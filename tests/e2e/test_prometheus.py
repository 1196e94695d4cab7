"""Lag alert: a real Prometheus sees a consumer group that lags, by the rules of the production set."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client import CollectorRegistry, start_http_server

from nova.local.processes.ports import LOOPBACK, free_port
from outbox.api import ConsumerGroup, Handler, KafkaBus, TopicSpec
from outbox.handling import handlers
from outbox.hosting.collectors import LagCollector
from tests.support.outbox import eventually, produce, unique

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(
    PROMETHEUS is None, reason="NOT PROVED: prometheus is not installed (apt-get install prometheus)"
)


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
def alerts(page: int, tmp_path: Path) -> Iterator[Any]:
    """What a Prometheus that scrapes the page every second knows of alerts."""
    port = free_port()
    configuration = yaml.safe_load((DEPLOY / "prometheus.yml").read_text()) | {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DEPLOY / "alerts.yml")],
        "scrape_configs": [{"job_name": "web", "static_configs": [{"targets": [f"{LOOPBACK}:{page}"]}]}],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    def asked() -> list[dict[str, Any]]:
        try:
            with urlopen(f"http://{LOOPBACK}:{port}/api/v1/alerts", timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
                return found
        except URLError:
            return []

    command = [
        str(PROMETHEUS),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        yield asked
        process.kill()


def test_a_group_above_1000_is_found_with_topic_and_partition(
    alerts: Any, kafka_brokers: str, settings: Any, monkeypatch: pytest.MonkeyPatch
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
        return [alert for alert in alerts() if alert["labels"]["alertname"] == "KafkaConsumerLagHigh"]

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
