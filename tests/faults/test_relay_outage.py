"""Broker outage: the outbox outlasts a broker that is away, slow or confused (I5, I6)."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from confluent_kafka import KafkaError
from django.db import connection
from django.db.models import Max

from nova.local.servers.mock_broker import MockCluster
from outbox.api import KafkaBus, relay_runner
from outbox.bus.base import TopicSpec
from outbox.models import OutboxEvent
from tests.support.brokers import MortalKafka
from tests.support.outbox import eventually, hosted, take_notes
from tests.support.relays import duplicates, inversions, pending, relays
from tests.support.topics import everything_on, header

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("recording", "redis_url")]

OUTAGE = 60.0  # seconds
EVERY = 0.02  # seconds between two appends
BATCH = 500
PRODUCE = 0  # the protocol's number of the request


class Appending:
    """Appends to twenty keys in turn, from a thread of its own."""

    def __init__(self) -> None:
        self.appended: list[str] = []
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.failure is None

    def _run(self) -> None:
        try:
            while not self._stop.wait(EVERY):
                number = len(self.appended)
                appended = take_notes(f"key-{number % 20}", number)
                self.appended.append(str(appended.event_ids[0]))
        except BaseException as error:
            self.failure = error
        finally:
            connection.close()


@pytest.fixture
def broker(tmp_path: Path, settings: Any, topic: str) -> Iterator[MortalKafka]:
    broker = MortalKafka(tmp_path)
    try:
        broker.start()
        settings.KAFKA_BROKERS = broker.address
        KafkaBus(broker.address).warm_up([TopicSpec(name=topic, partitions=3)])
        yield broker
    finally:
        broker.kill()


def test_a_broker_away_for_a_minute_costs_nothing_but_time(broker: MortalKafka, topic: str, tmp_path: Path) -> None:
    with relays(2, tmp_path / "log", batch=BATCH), Appending() as appending:
        eventually(OutboxEvent.objects.filter(published=True).exists)
        broker.kill()
        before = len(appending.appended)
        # A minute of appends, if each took no time.
        eventually(lambda: len(appending.appended) - before >= OUTAGE / EVERY, within=4 * OUTAGE)
        during = len(appending.appended) - before
        assert pending() > during / 2
        assert burnt_attempts() == 0
        broker.start()
        eventually(lambda: pending() < 50)
    with relays(1, tmp_path / "log", batch=BATCH):
        eventually(lambda: pending() == 0)

    assert during > OUTAGE / EVERY / 4, "appends went on"
    assert burnt_attempts() == 0
    messages = everything_on(broker.address, topic)
    assert {header(message, "event_id") for message in messages} == set(appending.appended)
    assert inversions(messages) == 0
    assert duplicates(messages) <= 2 * BATCH


def test_errors_and_latency_of_the_broker_cost_nothing_but_time(settings: Any, topic: str) -> None:
    confusion = [
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError.KAFKA_STORAGE_ERROR,
    ]
    with MockCluster() as cluster:
        cluster.create_topic(topic, partitions=3)
        settings.KAFKA_BROKERS = cluster.bootstrap_servers
        cluster.set_rtt(1, milliseconds=100)
        with hosted(relay_runner()), Appending() as appending:
            for _ in range(5):
                seen = len(appending.appended)
                cluster.push_request_errors(PRODUCE, confusion)
                eventually(lambda seen=seen: len(appending.appended) > seen + 40)  # type: ignore[misc]
            cluster.set_broker_down()
            eventually(lambda: pending() > 100)
            cluster.set_broker_up()
            eventually(lambda: pending() < 50)
        with hosted(relay_runner()):
            eventually(lambda: pending() == 0)

        messages = everything_on(cluster.bootstrap_servers, topic)
    assert burnt_attempts() == 0
    assert {header(message, "event_id") for message in messages} == set(appending.appended)
    assert inversions(messages) == 0


def burnt_attempts() -> int:
    return int(OutboxEvent.objects.aggregate(most=Max("retry_count"))["most"] or 0)
