"""Lag of consumer groups in seconds: true whether their consumers live, rest, or are long dead."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from kit.pacing.retry import RetryPolicy
from outbox.api import ConsumerGroup, Handler, KafkaBus, LagCollector, TopicSpec
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.handling import handlers
from tests.support.outbox import eventually, hosted, produce, unique

pytestmark = pytest.mark.usefixtures("recording", "kafka", "redis_url")

MESSAGE = (b"k", b'{"number":1}', {"event_type": b"note.taken"})


@pytest.fixture
def groups(kafka: KafkaBus, topic: str, monkeypatch: pytest.MonkeyPatch) -> list[ConsumerGroup]:
    """Two groups that listen to one topic."""
    kafka.ensure_topics([TopicSpec(name=topic, partitions=2)])
    made = [
        ConsumerGroup(
            name=unique(name),
            topics=[topic],
            handlers=[Handler(name="notes", event_types="*", handle=lambda _: None)],
        )
        for name in ("first", "second")
    ]
    monkeypatch.setattr(handlers, "_groups", {group.name: group for group in made})
    return made


def waiting(group: ConsumerGroup, topic: str) -> float | None:
    """What a scrape tells of the group."""
    registry = CollectorRegistry()
    registry.register(LagCollector())
    return registry.get_sample_value("event_queue_lag_seconds", {"group": group.name, "topic": topic})


def consume_all(group: ConsumerGroup, topic: str, brokers: str) -> None:
    """A consumer comes, works everything off, and is gone."""
    settings = ConsumerSettings(group_id=group.name, topics=(topic,), batch=100, policy=RetryPolicy(limit=0, base=0.0))
    with hosted(ConsumerRunner(group, KafkaBus(brokers), settings)):
        eventually(lambda: waiting(group, topic) == 0)


def test_what_waits_is_as_old_as_the_oldest_message_that_the_group_has_not_committed(
    groups: list[ConsumerGroup], topic: str, kafka_brokers: str
) -> None:
    first, second = groups
    produce(kafka_brokers, topic, MESSAGE, age=3_600)
    consume_all(first, topic, kafka_brokers)
    produce(kafka_brokers, topic, MESSAGE, age=100)
    produce(kafka_brokers, topic, MESSAGE, (b"another key", *MESSAGE[1:]), age=10)

    # The first group's consumer has died; the second group has never had any.
    assert 100 <= (waiting(first, topic) or 0) < 200
    assert 3_600 <= (waiting(second, topic) or 0) < 3_700

    consume_all(second, topic, kafka_brokers)

    assert waiting(second, topic) == 0
    assert 100 <= (waiting(first, topic) or 0) < 200


def test_a_message_from_the_future_waits_for_no_time(
    groups: list[ConsumerGroup], topic: str, kafka_brokers: str
) -> None:
    produce(kafka_brokers, topic, MESSAGE, age=-3_600)

    assert waiting(groups[0], topic) == 0


def test_groups_that_are_one_at_the_broker_are_told_once(
    groups: list[ConsumerGroup], topic: str, kafka_brokers: str, settings: Any
) -> None:
    settings.KAFKA_GROUP_ID = together = unique("together")
    produce(kafka_brokers, topic, MESSAGE, age=50)

    registry = CollectorRegistry()
    registry.register(LagCollector())
    told = [sample.labels for family in registry.collect() for sample in family.samples if "seconds" in sample.name]

    assert told == [{"group": together, "topic": topic}]
