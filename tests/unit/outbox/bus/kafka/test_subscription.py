"""A member that leaves a Kafka group: in order, and within its time whatever librdkafka does."""

import threading
from types import SimpleNamespace

import pytest

from outbox.bus.kafka import subscription as kafka_consumer
from outbox.bus.kafka.incoming import incoming
from outbox.bus.kafka.subscription import KafkaSubscription
from outbox.consumers.processor import Processor
from outbox.exceptions import Poisonous
from outbox.handling.handlers import ConsumerGroup
from outbox.messages.decoding import to_event


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

    def memberid(self) -> str:
        """As the binding tells it: empty once the member has left."""
        return "member" if self._keeps > 0 else ""

    def close(self) -> None:
        self.calls.append("close")
        self._closed.wait()

    def release(self) -> None:
        self._closed.set()


class Fetched:
    """A message as librdkafka's binding gives it."""

    def __init__(self, partition: int, offset: int, error: Exception | None = None) -> None:
        self._place = partition, offset
        self._error = error

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return "topic"

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return b"{}"

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_736_937_000_000

    def headers(self) -> list[tuple[str, bytes]]:
        if self._error:
            raise self._error
        return [("event_type", b"note.taken")]


@pytest.fixture
def subscription() -> KafkaSubscription:
    return KafkaSubscription({"bootstrap.servers": "127.0.0.1:1"}, "group", ["topic"])


def test_a_message_whose_partition_goes_within_the_poll_is_left_to_the_next_owner(
    subscription: KafkaSubscription,
) -> None:
    """librdkafka serves a rebalance wherever it is asked for messages, and takes back those of that one call only."""

    def consume(num_messages: int, timeout: float) -> list[Fetched]:
        lost = [SimpleNamespace(topic="topic", partition=0)]
        subscription._on_revoke(None, lost)  # type: ignore[arg-type]
        return [Fetched(1, 7)]

    firsts = iter([Fetched(0, 3), Fetched(0, 9)])
    real = subscription._consumer
    subscription._consumer = SimpleNamespace(poll=lambda _: next(firsts), consume=consume)  # type: ignore[assignment]
    subscription._assigned = {("topic", 0), ("topic", 1)}

    assert [(one.partition, one.offset) for one in subscription.poll(limit=10, timeout=0)] == [(1, 7)]

    # It has come back: what is read of it from then on is its owner's.
    subscription._consumer.consume = lambda **_: [Fetched(0, 10)]  # type: ignore[method-assign]
    assert [one.offset for one in subscription.poll(limit=10, timeout=0)] == [9, 10]
    real.close()


def test_a_message_whose_headers_cannot_be_read_is_a_poisonous_one(subscription: KafkaSubscription) -> None:
    complaint = SystemError("returned a result with an exception set")
    complaint.__cause__ = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    message = incoming(Fetched(0, 1, complaint), lambda *_: "")

    assert (message.headers, message.body) == ((), b"{}")
    with pytest.raises(Poisonous, match="not UTF-8"):
        to_event(message)
    group = ConsumerGroup(name="g", topics=(), handlers=())
    with pytest.raises(Poisonous):
        Processor(group).take([message])


def test_its_partitions_are_given_back_before_it_closes(subscription: KafkaSubscription) -> None:
    real, subscription._consumer = subscription._consumer, Consumer(subscription, keeps=3)  # type: ignore[assignment]
    subscription._assigned = {("topic", 0), ("topic", 1)}

    subscription.close()

    assert subscription._consumer.calls == ["unsubscribe", "poll", "poll", "poll", "close"]  # type: ignore[attr-defined]
    real.close()


def test_a_close_that_hangs_holds_nobody_up(
    subscription: KafkaSubscription, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kafka_consumer, "LEAVE_TIMEOUT", 0.1)
    stuck = Consumer(subscription, hangs=True)
    real, subscription._consumer = subscription._consumer, stuck  # type: ignore[assignment]

    subscription.close()

    assert stuck.calls[-1] == "close"
    assert "a consumer does not close" in caplog.text
    stuck.release()
    real.close()
