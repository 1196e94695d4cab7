"""A member that leaves a Kafka group: in order, and within its time whatever librdkafka does."""

import threading
from types import SimpleNamespace

import pytest

from outbox.bus import kafka_consumer
from outbox.bus.kafka_consumer import KafkaSubscription


class Consumer:
    """Stands for librdkafka's, which hangs only once in hundreds of times."""

    def __init__(self, subscription: KafkaSubscription, *, hangs: bool = False, keeps: int = 0) -> None:
        self.calls: list[str] = []
        self._subscription = subscription
        self._keeps = keeps
        self._closed = threading.Event()
        if not hangs:
            self._closed.set()

    def unsubscribe(self) -> None:
        self.calls.append("unsubscribe")

    def poll(self, _: float) -> None:
        self.calls.append("poll")
        self._keeps -= 1
        if not self._keeps:
            lost = [SimpleNamespace(topic=topic, partition=number) for topic, number in self._subscription._assigned]
            self._subscription._on_revoke(None, lost)  # type: ignore[arg-type]

    def close(self) -> None:
        self.calls.append("close")
        self._closed.wait()

    def let_go(self) -> None:
        self._closed.set()


@pytest.fixture
def subscription() -> KafkaSubscription:
    return KafkaSubscription({"bootstrap.servers": "127.0.0.1:1"}, "group", ["topic"])


def test_its_partitions_are_given_back_before_it_closes(subscription: KafkaSubscription) -> None:
    real, subscription._consumer = subscription._consumer, Consumer(subscription, keeps=3)  # type: ignore[assignment]
    subscription._assigned = {("topic", 0), ("topic", 1)}

    subscription.close()

    assert subscription._consumer.calls == ["unsubscribe", "poll", "poll", "poll", "close"]  # type: ignore[attr-defined]
    real.close()


def test_a_close_that_hangs_holds_nobody_up(
    subscription: KafkaSubscription, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kafka_consumer, "LEAVING", 0.1)
    stuck = Consumer(subscription, hangs=True)
    real, subscription._consumer = subscription._consumer, stuck  # type: ignore[assignment]

    subscription.close()

    assert stuck.calls[-1] == "close"
    assert "a consumer does not close" in caplog.text
    stuck.let_go()
    real.close()
