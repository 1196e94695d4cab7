"""Order per key: every key keeps it while relays are killed again and again (I6)."""

import random
from pathlib import Path

import pytest

from outbox.api import KafkaBus
from outbox.bus.base import TopicSpec
from tests.support.outbox import eventually
from tests.support.relays import RelayProcess, duplicates, fill_outbox, inversions, pending, relays, shards_by_owner
from tests.support.skip_locked import relay_skipping_locked
from tests.support.topics import everything_on, versions_by_key

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("recording", "redis_url")]

KEYS, VERSIONS = 5_000, 40
RELAYS, KILLS, BATCH = 4, 20, 500


def test_no_key_is_out_of_order_and_nothing_is_lost_while_relays_are_killed(
    kafka: KafkaBus, kafka_brokers: str, topic: str, tmp_path: Path
) -> None:
    kafka.warm_up([TopicSpec(name=topic, partitions=6)])
    log = tmp_path / "log"
    with relays(RELAYS, log, batch=BATCH) as running:
        rows = fill_outbox(topic, keys=KEYS, versions=VERSIONS)
        for kill in range(1, KILLS + 1):
            eventually(lambda kill=kill: pending() <= rows - kill * rows / (KILLS + 1), within=60)  # type: ignore[misc]
            owners = shards_by_owner()
            victim = random.choice([relay for relay in running if owners[relay.name]])
            assert pending(), "the relays were never killed in the middle"
            victim.kill()
            running.remove(victim)
            running.append(RelayProcess(log, batch=BATCH))
        eventually(lambda: pending() == 0, within=60)

    messages = everything_on(kafka_brokers, topic)

    assert inversions(messages) == 0
    assert {key: len(versions) for key, versions in versions_by_key(messages).items()} == {
        f"key-{number}": VERSIONS for number in range(KEYS)
    }
    assert duplicates(messages) <= KILLS * BATCH


def test_a_relay_that_skips_locked_rows_fails_the_same_check(kafka: KafkaBus, kafka_brokers: str, topic: str) -> None:
    kafka.warm_up([TopicSpec(name=topic, partitions=6)])
    rows = fill_outbox(topic, keys=500, versions=VERSIONS)

    relay_skipping_locked(kafka_brokers, relays=RELAYS, batch=100)

    messages = everything_on(kafka_brokers, topic)
    assert len(messages) == rows
    assert inversions(messages) > 0
