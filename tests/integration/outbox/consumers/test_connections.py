"""The consumers of a process share a bounded number of connections, and come to the end of a backlog all the same."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, TopicSpec
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from tests.support.notebook import ONCE_MORE, keyed
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka")

GROUPS, PARTITIONS, MESSAGES = 6, 6, 600
# Two of each consumer, and three that they share.
BOUND = 2 * GROUPS + 3
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"


@pytest.fixture
def name() -> Iterator[str]:
    """What the connections of this process's consumers are called at the database."""
    settings = connections.databases["default"]
    before, name = settings["OPTIONS"], unique("consumers")
    connection.ensure_connection()
    settings["OPTIONS"] = before | {"application_name": name}
    yield name
    settings["OPTIONS"] = before


@pytest.mark.parametrize("bound", [BOUND, 2])
def test_six_groups_with_a_backlog_keep_within_the_bound(
    bound: int, name: str, kafka: KafkaBus, kafka_brokers: str, topic: str
) -> None:
    kafka.ensure_topics([TopicSpec(name=topic, partitions=PARTITIONS)])
    produce(kafka_brokers, topic, *(keyed(b"%d" % (number % 50), number) for number in range(MESSAGES)))
    done = dict.fromkeys((unique("group") for _ in range(GROUPS)), 0)
    lock = threading.Lock()

    def consumer(group_name: str) -> ConsumerRunner:
        def handle(_: ReceivedEvent) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.001)")
            with lock:
                done[group_name] += 1

        handler = Handler(name="count", event_types=["note.taken"], handle=handle)
        group = ConsumerGroup(name=group_name, topics=[topic], handlers=[handler])
        settings = ConsumerSettings(group_id=group_name, topics=(topic,), batch=20, policy=ONCE_MORE, connections=bound)
        return ConsumerRunner(group, KafkaBus(kafka_brokers), settings)

    most = 0

    def is_done() -> bool:
        nonlocal most
        with connection.cursor() as cursor:
            cursor.execute(OPEN, [name])
            most = max(most, cursor.fetchone()[0])
        return all(number >= MESSAGES for number in done.values())

    with hosted(*map(consumer, done)):
        eventually(is_done, within=120)

    # Further threads are wanted beside the first ones.
    assert 2 * GROUPS <= most <= max(bound, 2 * GROUPS)
    assert bound == 2 or most > 2 * GROUPS
