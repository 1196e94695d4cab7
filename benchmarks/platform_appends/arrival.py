"""Arrival: when all that was appended has had all its effects, and how long after the commit each had it.

It is asked of the rows and of the broker alone, so that it tells the same of any version of the code.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # as it is documented
from msgspec import Struct

from benchmarks.platform_appends.checkout import Running

ARRIVAL_TIMEOUT = 180.0
POLL_INTERVAL = 0.05
BROKER_TIMEOUT = 10.0

LAST_POSITION = "SELECT coalesce(max(position), 0) FROM domain_events"
TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
IS_TAKEN = """
    SELECT NOT EXISTS (SELECT FROM outbox_events WHERE NOT published)
        AND (SELECT min(position) FROM projection_checkpoints) >= (SELECT max(position) FROM domain_events)
"""
# Each effect of a consumer: the inbox has a row for each event and group that had something to do with it.
CONSUMED_AFTER = """
    SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(i.xmin) - pg_xact_commit_timestamp(e.xmin))
    FROM domain_events AS e
    JOIN inbox AS i USING (event_id)
    WHERE e.position > %s
"""
# Of the projections, one whose rows are written once.
PROJECTED_AFTER = """
    SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(f.xmin) - pg_xact_commit_timestamp(e.xmin))
    FROM domain_events AS e
    JOIN graph_follows AS f
        ON f.follower_id = e.payload ->> 'follower_id' AND f.followed_id = e.payload ->> 'followed_id'
    WHERE e.position > %s AND e.event_type = 'user.followed' AND f.since = e.timestamp
"""


class Latency(Struct, frozen=True, kw_only=True):
    """Milliseconds from the commit of an event to the commit of an effect."""

    p50: float
    p99: float
    count: int

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Latency":
        """The percentiles of measured times."""
        if len(milliseconds) < 2:
            return cls(p50=0.0, p99=0.0, count=len(milliseconds))
        cuts = statistics.quantiles(milliseconds, n=100)
        return cls(p50=cuts[49], p99=cuts[98], count=len(milliseconds))


def last_position(running: Running) -> int:
    """Up to where the log goes."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        return int(_one(connection, LAST_POSITION))


def transactions(running: Running) -> int:
    """How many transactions the database has seen, those of single statements included; a second late."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        return int(_one(connection, TRANSACTIONS))


def await_arrival(running: Running) -> float:
    """Wait until everything is published, consumed and projected, and nothing more comes of it; when that was."""
    give_up = time.perf_counter() + ARRIVAL_TIMEOUT
    client = AdminClient({"bootstrap.servers": running.brokers, "log_level": 0})
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        while time.perf_counter() < give_up:
            before = _one(connection, LAST_POSITION)
            if (
                _one(connection, IS_TAKEN)
                and _is_consumed(client)
                and _one(connection, IS_TAKEN)
                and before == _one(connection, LAST_POSITION)
            ):
                return time.perf_counter()
            time.sleep(POLL_INTERVAL)
    raise RuntimeError(f"not everything has had its effect; logs are in {running.directory / 'logs'}")


def latencies(running: Running, after: int) -> tuple[Latency, Latency]:
    """Of the events behind a position: until consumers had their effects, and until a projection had."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        consumed, projected = (
            [float(value) for (value,) in connection.execute(query, [after]).fetchall() if value is not None]
            for query in (CONSUMED_AFTER, PROJECTED_AFTER)
        )
    return Latency.of(consumed), Latency.of(projected)


def _one(connection: "psycopg.Connection[Any]", query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _is_consumed(client: AdminClient) -> bool:
    try:
        groups = [one.group_id for one in client.list_consumer_groups(request_timeout=BROKER_TIMEOUT).result().valid]
        asked = [
            client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=BROKER_TIMEOUT)
            for group in groups
        ]
        places = [
            (one.topic, one.partition, one.offset)
            for answer in asked
            for future in answer.values()
            for one in future.result().topic_partitions
        ]
        wanted = {TopicPartition(topic, partition): OffsetSpec.latest() for topic, partition, _ in places}  # type: ignore[no-untyped-call]
        ends = {
            (one.topic, one.partition): future.result().offset
            for one, future in client.list_offsets(wanted, request_timeout=BROKER_TIMEOUT).items()
        }
    except KafkaException:
        return False
    return all(offset >= ends[topic, partition] for topic, partition, offset in places)
