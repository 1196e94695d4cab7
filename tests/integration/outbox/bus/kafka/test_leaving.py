"""A member that leaves has nothing left to be told when its consumer is closed: librdkafka may hang in callbacks then.

They hold Python's lock, so that the whole process would hang.
"""

import subprocess
import sys
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs

from outbox.bus.base import TopicSpec
from outbox.bus.kafka.bus import KafkaBus
from tests.support.outbox import eventually, unique
from tests.support.platform import CHECKOUT, environment

CLOSES = 300
LEAVE_AT_ANY_TIME = """
import random, sys, time
from outbox.bus.kafka.bus import KafkaBus

brokers, topic, number = sys.argv[1:]
chance = random.Random(int(number))
bus = KafkaBus(brokers)
for _ in range(int(number)):
    member = bus.subscribe(f"group-{chance.getrandbits(60)}", [topic, f"nowhere.{topic}"])
    time.sleep(chance.random() * 0.5)
    member.close()
"""


class Watched:
    """A consumer whose closing is seen."""

    def __init__(self, consumer: Any, logged: list[Any]) -> None:
        self._consumer = consumer
        self._logged = logged
        self.before: list[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def close(self) -> None:
        self.before = list(self._logged)
        self._consumer.close()


@pytest.fixture
def topic(kafka: KafkaBus) -> str:
    name = unique("left")
    kafka.ensure_topics([TopicSpec(name=name, partitions=3)])
    return name


def is_stable(admin: AdminClient, group: str) -> bool:
    """Whether the group has shared its work out; a young broker is still looking for who keeps it."""
    try:
        described = admin.describe_consumer_groups([group])[group].result()
    except KafkaException:
        return False
    return described.state is ConsumerGroupState.STABLE


def test_an_assignment_behind_an_error_is_taken_before_the_consumer_is_closed(
    kafka: KafkaBus, kafka_brokers: str, topic: str
) -> None:
    group = unique("group")
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    with capture_logs() as logged:
        member = kafka.subscribe(group, [topic, f"nowhere.{topic}"])
        eventually(lambda: is_stable(admin, group))
        consumer = member._consumer = Watched(member._consumer, logged)  # type: ignore[assignment]
        member.close()

    assert {"partitions assigned", "partitions handed over"} <= {line["event"] for line in consumer.before or ()}
    assert consumer.before == logged, "something was told while the consumer was closed"


@pytest.mark.slow
def test_members_that_leave_while_they_join_do_not_hang(kafka: KafkaBus, kafka_brokers: str, topic: str) -> None:
    subprocess.run(
        [sys.executable, "-c", LEAVE_AT_ANY_TIME, kafka_brokers, topic, str(CLOSES)],
        cwd=CHECKOUT,
        env=environment(DJANGO_SETTINGS_MODULE="nova.settings.test"),
        check=True,
        timeout=5 * CLOSES,
    )
