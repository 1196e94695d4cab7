"""Crash recovery: relays and workers keep their promises as processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from nova.local.processes.ports import LOOPBACK, free_port
from outbox import tasks
from outbox.api import KafkaBus, checks, own_connection
from outbox.models import InboxEntry, OutboxEvent, ProcessHeartbeat
from outbox.relay.shards import ShardOwner
from tests.support.outbox import (
    eventually,
    in_order,
    read_topic,
    take_notes,
    unique,
    url_of_test_database,
)

pytestmark = pytest.mark.usefixtures("recording", "kafka")

ROOT = Path(__file__).parents[4]
Start = Callable[..., Any]


@pytest.fixture
def start(prefix: str, kafka_brokers: str, redis_url: str, tmp_path: Path) -> Start:
    """Start a process of Nova on this test's servers and topics; it is killed at the end if it still runs."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.test",
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "KAFKA_BROKERS": kafka_brokers,
        "KAFKA_TOPIC_PREFIX": prefix,
    }

    @contextmanager
    def started(*arguments: str, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=ROOT, env=environment | extra, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    return started


def published() -> int:
    return OutboxEvent.objects.filter(published=True).count()


def pending() -> bool:
    return OutboxEvent.objects.pending().exists()


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_a_relay_killed_again_and_again_loses_nothing_and_keeps_the_order(
    start: Start, kafka_brokers: str, topic: str, kills: int
) -> None:
    for key in range(8):
        for batch in range(5):
            take_notes(f"key-{key}", *range(batch * 100, batch * 100 + 100))

    for _ in range(kills):
        before = published()
        with start("nova", "relay", NOVA_RELAY_BATCH="50") as relay:
            eventually(lambda before=before: published() > before)  # type: ignore[misc]
            relay.send_signal(signal.SIGKILL)
    assert pending(), "the relay was never killed in the middle"
    with start("nova", "relay", NOVA_RELAY_BATCH="50") as first, start("nova", "relay", NOVA_RELAY_BATCH="50"):
        eventually(lambda: not pending())
        first.terminate()
        assert first.wait(20) == 0

    messages = read_topic(kafka_brokers, topic, at_least=4000)
    assert in_order(messages) == {f"key-{key}": list(range(1, 501)) for key in range(8)}
    # Only what was in hand at a kill came twice.
    assert len(messages) - 4000 <= kills * 50


WORKER = ("celery", "-A", "nova.celery:app", "worker", "--pool", "threads", "--concurrency", "1", "--queues", "none")


def test_a_worker_hosts_consumers_that_survive_being_killed(
    start: Start, kafka: KafkaBus, topic: str, redis_url: str
) -> None:
    """A consumer killed in the middle of a batch repeats it; each event takes effect once."""
    group = {"KAFKA_GROUP_ID": unique("group"), "KAFKA_TOPICS": topic, "NOVA_CONSUMER_BATCH": "20"}
    host = (*WORKER, "--consumers", "analytics-service")
    for key in range(10):
        take_notes(f"key-{key}", *range(200))
    with start("nova", "relay"):
        eventually(lambda: not pending())

    with start(*host, **group) as worker:
        eventually(InboxEntry.objects.exists)
        worker.send_signal(signal.SIGKILL)
    with start(*host, **group) as worker:
        eventually(lambda: InboxEntry.objects.filter(consumer="analytics-service").count() == 2000)
        eventually(lambda: ProcessHeartbeat.objects.filter(name="consumer:analytics-service").exists())
        worker.terminate()
        assert worker.wait(20) == 0


@pytest.mark.parametrize("process", [("nova", "relay"), (*WORKER, "--runners", "relay")], ids=["relay", "worker"])
def test_a_relay_and_the_worker_of_one_are_scraped_at_a_port_of_their_own_and_leave_when_they_are_asked_to(
    start: Start, kafka_brokers: str, topic: str, process: tuple[str, ...]
) -> None:
    take_notes("a", 1, 2, 3)
    port = free_port()

    with start(*process, NOVA_METRICS_PORT=str(port)) as running:
        eventually(lambda: not pending())
        with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        running.terminate()
        assert running.wait(20) == 0

    assert in_order(read_topic(kafka_brokers, topic, at_least=3)) == {"a": [1, 2, 3]}
    # No code registers the type.
    assert '\nevents_published_total{event_type="other",service="nova"} 3.0\n' in page


def test_beat_is_the_guarantee_where_no_relay_is(kafka: KafkaBus, kafka_brokers: str, topic: str) -> None:
    take_notes("a", 1, 2, 3)

    assert tasks.relay_unowned() == 3

    assert in_order(read_topic(kafka_brokers, topic, at_least=3)) == {"a": [1, 2, 3]}
    assert {check.name: check.healthy for check in checks()}["worker"]


def test_beat_leaves_the_shards_of_a_living_relay_alone(kafka: KafkaBus) -> None:
    take_notes("a", 1)
    with own_connection() as connection:
        owner = ShardOwner(connection)
        owner.join()
        owner.rebalance()

        assert tasks.relay_unowned() == 0

    assert pending()


def test_what_was_never_seen_is_not_healthy() -> None:
    assert not any(check.healthy for check in checks(["projections"]))
