"""Members join and leave all the time, under load: every effect happens exactly once, and in the order of its key."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import pytest
from confluent_kafka import Producer
from django.db import connection

from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, RetryPolicy, TopicSpec
from outbox.bus.kafka.offsets import group_lag
from outbox.bus.kafka.subscription import KafkaSubscription
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.models import DeadLetter
from tests.support.database import rows, scalar
from tests.support.outbox import eventually, hosted, unique

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("recording", "kafka", "redis_url")]

CHANGES = 50  # a member joins or leaves
RATE, KEYS, PARTITIONS, MOST_MEMBERS = 200, 40, 12, 4


class Load:
    """Messages at a steady rate, numbered per key, until it is stopped."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.sent = 0
        self._producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
        self._topic = topic
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(30) == 0

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.is_set():
            key, number = self.sent % KEYS, self.sent // KEYS
            self._producer.produce(
                self._topic, key=b"key-%d" % key, value=b'{"number":%d}' % number, headers={"event_type": b"note.taken"}
            )
            self._producer.poll(0)
            self.sent += 1
            self._stop.wait(max(0.0, began + self.sent / RATE - time.monotonic()))


@pytest.fixture
def effects(recording: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        # No unique constraint: what happens twice is to be seen.
        cursor.execute("CREATE TABLE effects (place serial, key text, number int)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE effects")


def write(event: ReceivedEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO effects (key, number) VALUES (%s, %s)",
            [(event.key or b"").decode(), event.payload.data["number"]],  # type: ignore[attr-defined]
        )


@contextmanager
def member(group: ConsumerGroup, brokers: str) -> Iterator[None]:
    settings = ConsumerSettings(
        group_id=group.name, topics=tuple(group.topics), batch=50, policy=RetryPolicy(limit=2, base=0.1)
    )
    with hosted(ConsumerRunner(group, KafkaBus(brokers), settings)):
        yield


@pytest.fixture
def subscriptions(monkeypatch: pytest.MonkeyPatch) -> list[KafkaSubscription]:
    """Those that are open."""
    opened: list[KafkaSubscription] = []
    open_it, close = KafkaSubscription.__init__, KafkaSubscription.close

    def opening(subscription: KafkaSubscription, *args: Any, **options: Any) -> None:
        open_it(subscription, *args, **options)
        opened.append(subscription)

    def closing(subscription: KafkaSubscription) -> None:
        opened.remove(subscription)
        close(subscription)

    monkeypatch.setattr(KafkaSubscription, "__init__", opening)
    monkeypatch.setattr(KafkaSubscription, "close", closing)
    return opened


def are_shared_out(subscriptions: list[KafkaSubscription], members: int) -> bool:
    """Whether so many members have all partitions among them, and none of them has nothing."""
    shares = [len(one._assigned) for one in subscriptions]
    return len(shares) == members and sum(shares) == PARTITIONS and min(shares) > 0


def test_fifty_rebalances_under_load_do_every_effect_exactly_once(
    kafka: KafkaBus,
    topic: str,
    kafka_brokers: str,
    effects: None,
    subscriptions: list[KafkaSubscription],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed_over: list[Any] = []
    on_revoke = KafkaSubscription._on_revoke

    def watched(subscription: KafkaSubscription, consumer: Any, partitions: Any) -> None:
        handed_over.extend(partitions)
        on_revoke(subscription, consumer, partitions)

    monkeypatch.setattr(KafkaSubscription, "_on_revoke", watched)
    kafka.ensure_topics([TopicSpec(name=topic, partitions=PARTITIONS)])
    handler = Handler(name="write", event_types=["note.taken"], handle=write)
    group = ConsumerGroup(name=unique("group"), topics=[topic], handlers=[handler])
    chance = random.Random(5)

    with ExitStack() as last, Load(kafka_brokers, topic) as load:
        last.enter_context(member(group, kafka_brokers))
        members: list[ExitStack] = []
        for _ in range(CHANGES):
            if members and (len(members) + 1 == MOST_MEMBERS or chance.random() < 0.5):
                members.pop(chance.randrange(len(members))).close()
            else:
                members.append(ExitStack())
                members[-1].enter_context(member(group, kafka_brokers))
            eventually(lambda: are_shared_out(subscriptions, len(members) + 1), within=60)
            before = scalar("SELECT count(*) FROM effects")
            eventually(lambda before=before: scalar("SELECT count(*) FROM effects") > before)  # type: ignore[misc]
        for stack in members:
            stack.close()
        load.__exit__()
        eventually(lambda: scalar("SELECT count(*) FROM effects") >= load.sent, within=60)
        eventually(lambda: sum(one.lag for one in group_lag(kafka_brokers, group.name, [topic])) == 0)

    found = rows("SELECT key, array_agg(number ORDER BY place) FROM effects GROUP BY key")
    assert sum(len(numbers) for _, numbers in found) == load.sent
    assert {key: numbers == list(range(len(numbers))) for key, numbers in found} == dict.fromkeys(
        (f"key-{number}" for number in range(KEYS)), True
    )
    assert not DeadLetter.objects.exists()
    # Partitions really went to and fro.
    assert len(handed_over) > CHANGES
