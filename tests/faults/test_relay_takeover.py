"""Shard takeover: a relay's shards find a new owner in time, and a relay that comes back does no harm (I6, I11)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from nova.local.servers.mock_broker import MockCluster
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from tests.support.database import rows
from tests.support.outbox import eventually, take_notes
from tests.support.relays import duplicates, inversions, pending, relays
from tests.support.topics import everything_on

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("recording", "redis_url", "prefix")]

TAKEOVER = 5.0  # seconds
BATCH = 50


@pytest.fixture
def cluster(settings: Any, topic: str) -> Iterator[MockCluster]:
    """A broker whose answers can be made to wait."""
    with MockCluster() as cluster:
        cluster.create_topic(topic, partitions=3)
        settings.KAFKA_BROKERS = cluster.bootstrap_servers
        yield cluster


def test_shards_move_when_a_relay_joins_leaves_dies_or_freezes(cluster: MockCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with relays(2, log) as (first, second):
        with relays(1, log, among=3) as (third,):
            eventually(lambda: first.shards() + second.shards() + third.shards() == SHARDS, within=TAKEOVER)
            third.process.terminate()
            eventually(lambda: first.shards() == second.shards() == SHARDS // 2, within=TAKEOVER)
            assert third.process.wait(TAKEOVER) == 0
        second.freeze()
        eventually(lambda: first.shards() == SHARDS, within=TAKEOVER)
        second.wake()
        eventually(lambda: first.shards() == second.shards() == SHARDS // 2, within=TAKEOVER)
        second.kill()
        eventually(lambda: first.shards() == SHARDS, within=TAKEOVER)


def test_a_frozen_relay_that_wakes_up_publishes_its_batch_at_most_and_completes_nothing(
    cluster: MockCluster, topic: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with relays(2, log, batch=BATCH) as (zombie, survivor):
        cluster.set_rtt(1, milliseconds=2_000)
        for key in range(40):
            take_notes(f"key-{key}", *range(10))
        eventually(zombie.waits_for_the_broker)
        zombie.freeze()
        in_hand = set(OutboxEvent.objects.filter(published=False).values_list("id", flat=True))
        cluster.set_rtt(1, milliseconds=0)

        eventually(lambda: survivor.shards() == SHARDS, within=TAKEOVER)
        eventually(lambda: pending() == 0)
        # An operator's hand in a row that the zombie believes to have in flight shows whether it still completes rows.
        OutboxEvent.objects.filter(pk__in=in_hand).update(published=False, published_at=None, dead_at=Now())
        zombie.wake()

        eventually(lambda: zombie.shards() == survivor.shards() == SHARDS // 2)
        assert rows("SELECT count(*) FROM outbox_events WHERE dead_at IS NOT NULL") == [(len(in_hand),)]
        take_notes("new key", 1, 2, 3)
        eventually(lambda: pending() == len(in_hand))

    messages = everything_on(cluster.bootstrap_servers, topic)
    assert inversions(messages) == 0
    assert duplicates(messages) <= BATCH
