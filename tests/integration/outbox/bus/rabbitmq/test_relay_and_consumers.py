"""Delivery over RabbitMQ: relay and consumers work as they do over Kafka."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from nova.health.readiness import readiness
from nova.local.servers.embedded import Embedded
from outbox.api import ConsumerGroup, Handler, ReceivedEvent
from outbox.bus.factory import bus_of
from outbox.conf import outbox_conf
from outbox.hosting.runners import consumer_runner, relay_runner
from outbox.models import InboxEntry, OutboxEvent
from tests.support.outbox import eventually, hosted, states, take_notes, unique, url_of_test_database
from tests.support.rabbitmq import forget_patterns

pytestmark = pytest.mark.usefixtures("recording", "redis_url")

ROOT = Path(__file__).parents[5]


class Effects:
    """What a handler has seen, by key, in order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.versions: dict[str | None, list[int | None]] = {}

    def note(self, event: ReceivedEvent) -> None:
        with self._lock:
            self.versions.setdefault(event.aggregate_id, []).append(event.version)

    def count(self) -> int:
        with self._lock:
            return sum(len(versions) for versions in self.versions.values())


@pytest.fixture
def over_rabbitmq(rabbitmq: Embedded, prefix: str, settings: Any) -> Embedded:
    forget_patterns(rabbitmq.address)
    settings.NOVA_BUS, settings.RABBITMQ_URL, settings.KAFKA_BROKERS = "rabbitmq", rabbitmq.address, ""
    return rabbitmq


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def group(over_rabbitmq: Embedded, topic: str, effects: Effects) -> ConsumerGroup:
    made = ConsumerGroup(
        name=unique("group"),
        topics=(topic,),
        handlers=(Handler(name="notes", event_types=("note.taken",), handle=effects.note),),
    )
    bus = bus_of(outbox_conf())
    bus.ensure_group(made.name, made.topics)
    bus.close()
    return made


def test_each_row_takes_effect_once_in_order_with_two_members(group: ConsumerGroup, effects: Effects) -> None:
    for number in range(10):
        for key in range(20):
            take_notes(f"key-{key}", number)

    with hosted(relay_runner(), consumer_runner(group), consumer_runner(group)):
        eventually(lambda: effects.count() >= 200)
        eventually(lambda: set(states().values()) == {"published"})

    assert effects.versions == {f"key-{key}": list(range(1, 11)) for key in range(20)}
    assert InboxEntry.objects.filter(consumer=group.name).count() == 200


def test_an_outage_of_the_broker_costs_no_attempt_and_no_event(
    group: ConsumerGroup, effects: Effects, over_rabbitmq: Embedded
) -> None:
    with hosted(relay_runner(), consumer_runner(group)):
        take_notes("before", 1)
        eventually(lambda: effects.count() == 1)
        over_rabbitmq.kill()
        take_notes("during", 1, 2, 3)
        over_rabbitmq.await_ready()
        take_notes("after", 1)
        eventually(lambda: effects.count() == 5)
        eventually(lambda: set(states().values()) == {"published"})

    assert effects.versions == {"before": [1], "during": [1, 2, 3], "after": [1]}
    assert set(OutboxEvent.objects.values_list("retry_count", flat=True)) == {0}


@pytest.mark.usefixtures("over_rabbitmq")
def test_an_event_that_no_queue_wants_waits_visibly(topic: str) -> None:
    take_notes("a", 1)

    with hosted(relay_runner()):
        eventually(lambda: states() == {("a", 1): "waiting"})

    assert OutboxEvent.objects.get().last_error == "no queue is bound to the topic for this event type"


def test_the_command_relays_and_readiness_names_the_broker(
    group: ConsumerGroup, effects: Effects, over_rabbitmq: Embedded, redis_url: str, prefix: str, tmp_path: Path
) -> None:
    take_notes("a", 1, 2)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.test",
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "NOVA_BUS": "rabbitmq",
        "RABBITMQ_URL": over_rabbitmq.address,
        "KAFKA_TOPIC_PREFIX": prefix,
    }
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([sys.executable, "manage.py", "relay"], cwd=ROOT, env=environment, stderr=log) as relay,
    ):
        try:
            eventually(lambda: set(states().values()) == {"published"})
        finally:
            relay.send_signal(signal.SIGTERM)

    with hosted(consumer_runner(group)):
        eventually(lambda: effects.count() == 2)
    outcomes = readiness().outcomes
    assert outcomes["rabbitmq"].state == "ok"
    assert "kafka" not in outcomes
