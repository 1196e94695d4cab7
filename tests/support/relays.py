"""Relays as processes of their own, to be killed, frozen and watched; and outboxes to give them work."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from outbox.conf import outbox_conf
from outbox.recorder import SHARDS, shard_of
from outbox.relay.shards import OWNED
from outbox.sql.statements import statement
from tests.support.database import rows, scalar
from tests.support.outbox import eventually, unique, url_of_test_database
from tests.support.platform import CHECKOUT
from tests.support.topics import header, versions_by_key

FILL = """
INSERT INTO outbox_events (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
    source_service, topic, partition_key, shard, payload, metadata, correlation_id, timestamp)
SELECT gen_random_uuid(), row_number() OVER (ORDER BY family, version, key), 'note', key, version, 'note.taken', 1,
    'nova', %(topic)s, key, shard, json_build_object('number', version, 'filling', repeat('x', 100)),
    '{"clock": 1}', gen_random_uuid(), now()
FROM generate_series(1, %(versions)s) AS version,
    (
        SELECT key, shard, place / %(family)s AS family
        FROM unnest(%(keys)s::text[], %(shards)s::smallint[]) WITH ORDINALITY AS k(key, shard, place)
    ) AS keys
ORDER BY family, version, key
"""
# Rows of so many keys alternate, so that those of one key are near each other.
FAMILY = 50


class RelayProcess:
    """`manage.py relay`, known to the database by a name of its own."""

    def __init__(self, log: Path, *, batch: int = 2_000) -> None:
        self.name = unique("relay")
        more = {
            "DJANGO_SETTINGS_MODULE": "nova.settings.test",
            "DATABASE_URL": url_of_test_database(),
            "REDIS_URL": settings.REDIS_URL,
            "KAFKA_BROKERS": settings.KAFKA_BROKERS,
            "KAFKA_TOPIC_PREFIX": outbox_conf().topic_prefix,
            "NOVA_RELAY_BATCH": str(batch),
            "PGAPPNAME": self.name,
        }
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nova", "relay"],
                cwd=CHECKOUT,
                env=os.environ | more,
                stdout=file,
                stderr=file,
            )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does; its connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def shards(self) -> int:
        """How many it owns."""
        return shards_by_owner()[self.name]

    def waits_for_the_broker(self) -> bool:
        """Whether it has taken rows and says nothing to the database since; it never does so for long without any."""
        return bool(
            scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state = 'idle' "
                "AND clock_timestamp() - state_change > interval '0.6 seconds' AND starts_with(query, %s)",
                self.name,
                statement("pending").partition("%(")[0],
            )
        )


@contextmanager
def relays(number: int, log: Path, *, among: int | None = None, batch: int = 2_000) -> Iterator[list[RelayProcess]]:
    """So many relays that own their share, `among` so many in all; whatever is in the list at the end is killed."""
    running = [RelayProcess(log, batch=batch) for _ in range(number)]
    everybody = among or number
    most = ceil(SHARDS / everybody)
    try:
        eventually(lambda: all(SHARDS - (everybody - 1) * most <= relay.shards() <= most for relay in running))
        yield running
    finally:
        for relay in running:
            relay.kill()


def shards_by_owner() -> Counter[str]:
    """How many shards each session owns, by its name."""
    return Counter(
        dict(
            rows(
                "SELECT application_name, count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND classid = %s::bigint::oid AND objsubid = 2 AND granted GROUP BY 1",
                OWNED,
            )
        )
    )


def fill_outbox(topic: str, *, keys: int, versions: int) -> int:
    """Rows as the store writes them, in bulk; how many."""
    names = [f"key-{number}" for number in range(keys)]
    with connection.cursor() as cursor:
        cursor.execute(
            FILL,
            {
                "topic": topic,
                "versions": versions,
                "family": FAMILY,
                "keys": names,
                "shards": [shard_of(name) for name in names],
            },
        )
        cursor.execute("ANALYZE outbox_events")
    return keys * versions


def pending() -> int:
    """How many rows are not published yet."""
    return int(scalar("SELECT count(*) FROM outbox_events WHERE NOT published AND discarded_at IS NULL"))


def inversions(messages: Sequence[Any]) -> int:
    """How many messages came first after a later one of their key, once duplicates are set aside."""
    return sum(
        later < earlier for versions in versions_by_key(messages).values() for earlier, later in pairwise(versions)
    )


def duplicates(messages: Sequence[Any]) -> int:
    """How many messages were not the first of their event."""
    return len(messages) - len({header(message, "event_id") for message in messages})
