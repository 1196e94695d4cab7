"""Relay throughput: the outbox is emptied into Apache Kafka, every delivery report awaited.

Beside it runs a bare loop: the same two statements, the same producer, the same headers, and nothing else.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from confluent_kafka import KafkaError, Message, Producer
from django.db import connection

from benchmarks import raw
from benchmarks.harness import Measure, rate
from outbox.bus.base import TopicSpec
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.kafka.config import PRODUCER_CONFIG
from outbox.conf import outbox_conf
from outbox.recorder import SHARDS
from outbox.relay.relay import BATCH_BYTES, PLANNER, relay_connection, relay_pass
from outbox.relay.topic_policies import TopicPolicies
from outbox.sql.statements import statement

ROWS, BATCH, KEYS = 20_000, 2_000, 5_000
TOPIC = "bench.note.events"
FILL = """
INSERT INTO outbox_events (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
    source_service, topic, partition_key, shard, payload, metadata, correlation_id, timestamp)
SELECT gen_random_uuid(), n, 'note', 'key-' || n %% %(keys)s, 1 + n / %(keys)s, 'note.taken', 1,
    'nova', %(topic)s, 'key-' || n %% %(keys)s, n %% %(keys)s %% 64,
    json_build_object('note_id', gen_random_uuid(), 'author_id', gen_random_uuid(), 'text', repeat('x', 120),
        'kind', 'image', 'status', 'published', 'created_at', '2025-01-15T10:30:00Z'),
    '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "clock": 7}', gen_random_uuid(), now()
FROM generate_series(1, %(rows)s) AS n
"""


def measures(url: str, brokers: Callable[[], str]) -> list[Measure]:
    """All measures of relaying; `brokers` starts Kafka when the first of them is taken."""
    return [
        Measure(
            name="relay",
            unit="rows/s",
            goal=0.7,
            raw=lambda: _raw(url, brokers()),
            nova=lambda: _nova(brokers()),
        )
    ]


def fill(rows: int = ROWS) -> None:
    """An outbox with so many rows to publish, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outbox_events")
        cursor.execute(FILL, {"rows": rows, "keys": KEYS, "topic": TOPIC})
        cursor.execute("VACUUM ANALYZE outbox_events")


def parameters() -> dict[str, Any]:
    """Of the statement that takes rows."""
    return {"shards": list(range(SHARDS)), "limit": BATCH, "bytes": BATCH_BYTES, "going_on": []}


def bare_relay(client: psycopg.Connection[Any]) -> None:
    """Make a plain connection plan as the relay's does."""
    for setting in PLANNER:
        client.execute(setting)


def bare_producer(brokers: str) -> Producer:
    """A producer as the relay's, connected."""
    producer = Producer({"bootstrap.servers": brokers, **PRODUCER_CONFIG})
    producer.list_topics(timeout=10)
    return producer


def bare_pass(client: psycopg.Connection[Any], producer: Producer, acknowledged: dict[str, float] | None = None) -> int:
    """Take, publish, wait for every report, complete; how many rows. Notes when, by event id, if it is asked to."""
    rows = client.execute(statement("pending"), parameters()).fetchall()
    if not rows:
        return 0
    delivered: list[int] = []

    def report(error: KafkaError | None, _: Message) -> None:
        assert error is None, error
        delivered.append(1)

    for row in rows:
        producer.produce(row[8], value=row[10], key=row[9], headers=_headers(row), on_delivery=report)
    producer.flush()
    assert len(delivered) == len(rows)
    if acknowledged is not None:
        acknowledged |= dict.fromkeys((row[1] for row in rows), time.perf_counter())
    unknown = [None] * len(rows)
    client.execute(statement("complete"), {"ids": [row[0] for row in rows], "partitions": unknown, "offsets": unknown})
    return len(rows)


def _headers(row: Sequence[Any]) -> list[tuple[str, str | bytes | None]]:
    headers = [
        ("event_type", row[5]),
        ("event_id", row[1]),
        ("aggregate_type", row[2]),
        ("aggregate_id", row[3]),
        ("version", str(row[4])),
        ("schema_version", str(row[6])),
        ("content-type", "application/json"),
        ("source_service", row[7]),
        ("timestamp", row[15]),
        ("correlation_id", row[12]),
        ("traceparent", row[11]),
        ("clock", row[17]),
    ]
    return [(name, value) for name, value in headers if value is not None]


def _raw(url: str, brokers: str) -> float:
    KafkaBus(brokers).ensure_topics([TopicSpec(name=TOPIC, partitions=6)])
    fill()
    producer = bare_producer(brokers)
    with raw.connect(url) as client:
        bare_relay(client)
        return rate(lambda: _until_empty(lambda: bare_pass(client, producer)))


def _nova(brokers: str) -> float:
    bus = KafkaBus(brokers)
    bus.warm_up([TopicSpec(name=TOPIC, partitions=6)])
    fill()
    policies = TopicPolicies.of_settings(outbox_conf())
    with relay_connection() as own:

        def one_pass() -> int:
            return relay_pass(own, bus, shards=range(SHARDS), limit=BATCH, policies=policies).published

        return rate(lambda: _until_empty(one_pass))


def _until_empty(one_pass: Callable[[], int]) -> int:
    done = 0
    while number := one_pass():
        done += number
    assert done == ROWS
    return done
