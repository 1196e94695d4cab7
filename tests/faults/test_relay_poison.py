"""Poison message: one key whose message no broker takes slows no other key down."""

import random
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.db import connection

from outbox.api import announce_append
from outbox.recorder import shard_of
from tests.support.database import rows, scalar
from tests.support.outbox import eventually
from tests.support.proofs_of_time import prove
from tests.support.relays import pending, relays

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("recording", "redis_url", "kafka")]

KEYS = [f"key-{number}" for number in range(10_000)]
POISONOUS = KEYS[0]
MAX_BYTES = 2_000  # that the topic takes
ROUNDS, SECONDS, EVERY, AT_ONCE = 5, 7.0, 0.02, 20
LIMIT = 1.2
APPEND = """
INSERT INTO outbox_events (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
    source_service, topic, partition_key, shard, payload, metadata, timestamp)
SELECT gen_random_uuid(), %(position)s + place, 'note', key, %(position)s + place, 'note.taken', 1, 'nova', %(topic)s,
    key, shard, CASE
        WHEN place = 1 AND %(poisoned)s THEN (
            SELECT json_build_object('noise', string_agg(md5(n::text), '')) FROM generate_series(1, 200) AS n
        )
        ELSE json_build_object('filling', repeat('x', 100))
    END, '{"clock": 1}', now()
FROM unnest(%(keys)s::text[], %(shards)s::smallint[]) WITH ORDINALITY AS k(key, shard, place)
"""
OTHERS_PENDING = "SELECT id FROM outbox_events WHERE NOT published AND partition_key <> %s LIMIT 1"
PERCENTILE = """
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM published_at - created_at))::float8
FROM outbox_events WHERE partition_key <> %s
"""


def test_the_other_keys_are_as_fast_as_without_it(kafka_brokers: str, topic: str, tmp_path: Path) -> None:
    new = NewTopic(topic, 6, 1, config={"max.message.bytes": str(MAX_BYTES)})
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    admin.create_topics([new])[topic].result()
    with relays(2, tmp_path / "log"):
        p99(topic, poisoned=False)
        p99s = prove(lambda: measured(topic), lambda p99s: p99s["beside it"] <= LIMIT * p99s["without"])

    assert p99s["beside it"] <= LIMIT * p99s["without"]


def measured(topic: str) -> dict[str, float]:
    """The p99 of the other keys, the median of some rounds beside the poisonous one and as many without it."""
    rounds: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS):
        for poisoned in (False, True)[:: 1 if number % 2 else -1]:
            rounds[poisoned].append(p99(topic, poisoned=poisoned))
    return {"beside it": statistics.median(rounds[True]), "without": statistics.median(rounds[False])}


def p99(topic: str, *, poisoned: bool) -> float:
    """Seconds from its writing to its completion that 99 of 100 rows of other keys took, in one round."""
    rows_to_be = int(SECONDS / EVERY)
    began = time.monotonic()
    for number in range(rows_to_be):
        time.sleep(max(0.0, began + number * EVERY - time.monotonic()))
        # The first row of every second is one of the poisonous key, and so is the one that poisons it.
        first = POISONOUS if number % 50 == 10 else random.choice(KEYS[1:])
        keys = [first, *random.sample(KEYS[1:], AT_ONCE - 1)]
        parameters: dict[str, Any] = {
            "position": number * AT_ONCE,
            "topic": topic,
            "keys": keys,
            "shards": [shard_of(key) for key in keys],
            "poisoned": poisoned and number == 10,
        }
        with connection.cursor() as cursor:
            cursor.execute(APPEND, parameters)
        announce_append()
    eventually(lambda: not rows(OTHERS_PENDING, POISONOUS))
    eventually(lambda: poisoned or pending() == 0)
    assert bool(scalar("SELECT count(*) FROM outbox_events WHERE dead_at IS NOT NULL")) == poisoned
    figure = float(scalar(PERCENTILE, POISONOUS))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM outbox_events")
    return figure
