"""End-to-end latency: from an event's commit to its committed effect; also a topic's throughput, and an idle consumer.

Beside Nova's relay and consumer run bare loops; the same process appends to both, steadily, and notes when each append
had returned.
"""

import statistics
import time
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from django.db import connection

from benchmarks.consumers.inbox import new_messages
from benchmarks.consumers.loops import TOPIC
from benchmarks.consumers.process import watched
from benchmarks.events import new_event, new_stream
from benchmarks.harness import Measure, Pair
from events.api import Expected, append_events
from outbox.api import KafkaBus, known_topics
from outbox.bus.kafka.offsets import group_lag
from outbox.conf import outbox_conf

RATE = 500  # events per second
SECONDS = 20.0  # of each round of each side: a minute in all
WARM_UP = 2.0  # seconds at the beginning of a round that do not count
# Seconds after which what was started has nothing more to do, and during which it is watched then.
SETTLED, IDLE_SECONDS = 5.0, 10.0
BACKLOG = 50_000
PARTITIONS = 6
ARRIVAL_TIMEOUT = 60.0
# What is allowed to an idle consumer.
IDLE_QUERIES, IDLE_CPU = 5.0, 2.0
TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"

Kind = Literal["raw", "nova"]


def measures(brokers: Callable[[], str]) -> list[Measure]:
    """All measures of consumers on Kafka; `brokers` starts it when the first of them is taken."""
    raw, nova = Pair(lambda: _latencies("raw", brokers())), Pair(lambda: _latencies("nova", brokers()))
    idle = Pair(lambda: _idle(brokers()))
    return [
        Measure(name="latency_effect_p50", unit="ms", goal=0.5, raw=raw.first, nova=nova.first),
        Measure(name="latency_effect_p99", unit="ms", goal=0.67, raw=raw.second, nova=nova.second),
        Measure(
            name="consume",
            unit="messages/s",
            goal=0.7,
            raw=lambda: _backlog("raw", brokers()),
            nova=lambda: _backlog("nova", brokers()),
        ),
        # Beside what is allowed, not beside a bare loop.
        Measure(name="idle_consumer_queries", unit="queries/s", goal=1.0, raw=lambda: IDLE_QUERIES, nova=idle.first),
        Measure(name="idle_consumer_cpu", unit="% of a core", goal=1.0, raw=lambda: IDLE_CPU, nova=idle.second),
    ]


def _latencies(kind: Kind, brokers: str) -> tuple[float, float]:
    """The median and the 99th percentile of the latency in milliseconds."""
    group = _prepare(brokers)
    with watched(f"{kind} relay", brokers, ""), watched(f"{kind} consumer", brokers, group) as consumer:  # type: ignore[arg-type]
        appended, number = append_steadily()
        wait_until(lambda: consumer.handled() >= number)
        effects = consumer.committed()
    latencies = [(effects[event_id] - timestamp) * 1000 for event_id, timestamp in appended.items()]
    return statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]


def append_steadily() -> tuple[dict[str, float], int]:
    """When each append had returned, by event id, without those of the warm-up; and how many there were in all."""
    committed = {}
    began = time.perf_counter()
    number = int(RATE * (WARM_UP + SECONDS))
    for place in range(number):
        due = began + place / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        appended = append_events(new_stream(), Expected.NO_STREAM, [new_event()])
        if place > RATE * WARM_UP:
            committed[str(appended.event_ids[0])] = time.perf_counter()
    return committed, number


def _backlog(kind: Kind, brokers: str) -> float:
    """Messages per second that a consumer works off which finds many, from its first effect on."""
    group = _prepare(brokers)
    producer = Producer({"bootstrap.servers": brokers, "queue.buffering.max.messages": 2 * BACKLOG})
    for message in new_messages(BACKLOG):
        producer.produce(TOPIC, key=message.key, value=message.body, headers=list(message.headers))
    assert producer.flush(ARRIVAL_TIMEOUT) == 0
    with watched(f"{kind} consumer", brokers, group) as consumer:  # type: ignore[arg-type]
        wait_until(lambda: consumer.handled() >= BACKLOG)
        timestamps = sorted(consumer.committed().values())
    return BACKLOG / (timestamps[-1] - timestamps[0])


def _idle(brokers: str) -> tuple[float, float]:
    """Queries per second and percent of a core of a consumer that has nothing to do."""
    group = _prepare(brokers)
    with watched("nova consumer", brokers, group) as consumer:
        time.sleep(SETTLED)
        began, queries, cpu = time.perf_counter(), _transactions(), consumer.cpu()
        time.sleep(IDLE_SECONDS)
        seconds = time.perf_counter() - began
        return (_transactions() - queries) / seconds, (consumer.cpu() - cpu) / seconds * 100


def _transactions() -> int:
    """How many the server has counted; a session that works reports about once a second."""
    with connection.cursor() as cursor:
        cursor.execute(TRANSACTIONS)
        return int(cursor.fetchone()[0])


def _prepare(brokers: str) -> str:
    """An empty outbox and inbox, and a new group that begins at the end of the topic; its name."""
    KafkaBus(brokers).ensure_topics(known_topics(conf=outbox_conf()))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outbox_events, inbox")
        cursor.execute("VACUUM ANALYZE outbox_events")
    group = str(uuid4())
    ends: list[TopicPartition] = []
    wait_until(lambda: _end_of_topic(brokers, ends))
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group})
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()
    return group


def _end_of_topic(brokers: str, ends: list[TopicPartition]) -> bool:
    """Whether it could be found; a topic that has just been made has no leaders yet."""
    ends.clear()
    try:
        ends += [TopicPartition(one.topic, one.partition, one.end) for one in group_lag(brokers, "nobody", [TOPIC])]
    except KafkaException:
        return False
    return len(ends) == PARTITIONS


def wait_until(holds: Callable[[], bool], *, late: str = "the consumer") -> None:
    """Wait until it holds. Raises `AssertionError` after a while, which says who is late."""
    deadline = time.perf_counter() + ARRIVAL_TIMEOUT
    while not holds():
        assert time.perf_counter() < deadline, f"{late} did not keep up"
        time.sleep(0.05)
