"""A row that fails holds back its own key only, and is tried again or dead as its topic's policy says (I6)."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.db import connection

from outbox.api import KafkaBus, MemoryBus, RetryPolicy, discard_outbox_rows, retry_outbox_rows
from outbox.bus.base import Failure
from outbox.models import OutboxEvent
from outbox.relay.relay import PassResult
from outbox.relay.runner import RelayRunner, RelaySettings
from outbox.relay.topic_policies import TopicPolicies
from tests.support.outbox import eventually, hosted, in_order, read_topic, states, take_notes
from tests.support.relay_passes import AT_ONCE, LATER, in_published_order, refusing

pytestmark = pytest.mark.usefixtures("recording", "prefix")

NOWHERE = "127.0.0.1:1"


def test_a_failing_row_holds_back_its_own_key_only(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    take_notes("b", 4, 5)

    relay(bus)

    expected = {("a", 1): "published", ("a", 2): "waiting", ("a", 3): "pending"}
    assert states() == expected | {("b", 1): "published", ("b", 2): "published"}

    bus.fail = lambda _: None
    take_notes("a", 6)
    take_notes("b", 7)
    relay(bus)

    assert states() == expected | {("a", 4): "pending"} | {("b", n): "published" for n in (1, 2, 3)}


def test_a_held_key_goes_on_in_order_once_its_row_is_taken(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    relay(bus, AT_ONCE)
    bus.fail = lambda _: None

    relay(bus, AT_ONCE)

    assert in_published_order(bus) == [1, 2, 3]
    assert OutboxEvent.objects.get(partition_key="a", version=2).retry_count == 1


def test_a_row_that_is_refused_too_often_is_dead_until_an_operator_retries_it(
    relay: Callable[..., PassResult],
) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1)
    take_notes("a", 1, 2)

    for _ in range(5):
        relay(bus, AT_ONCE)

    assert states() == {("a", 1): "dead", ("a", 2): "pending"}
    dead = OutboxEvent.objects.dead().get()
    assert (dead.retry_count, dead.last_error) == (3, "because")

    bus.fail = lambda _: None
    relay(bus, AT_ONCE)
    assert bus.published == []

    assert retry_outbox_rows([dead.pk], actor="operator", reason="the topic is back") == 1
    relay(bus, AT_ONCE)
    assert in_published_order(bus) == [1, 2]


def test_a_discarded_row_lets_its_key_go_on(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1, Failure.PERMANENT)
    take_notes("a", 1, 2)
    relay(bus)
    assert states() == {("a", 1): "dead", ("a", 2): "pending"}

    discard_outbox_rows([OutboxEvent.objects.dead().get().pk], actor="operator", reason="meaningless")
    relay(bus)

    assert states() == {("a", 1): "discarded", ("a", 2): "published"}


def test_a_topic_may_go_on_without_its_dead_rows(relay: Callable[..., PassResult], topic: str) -> None:
    bus = MemoryBus()
    bus.fail = refusing(2)
    take_notes("a", 1, 2, 3)
    take_notes("b", 4)
    policies = TopicPolicies.read(
        RetryPolicy(limit=8), {topic: {"max_retries": 1, "base": 0, "dead_row": "lets_its_key_go_on"}}
    )

    relay(bus, policies)
    assert states()["a", 3] == "pending", "a row that is tried again holds its key, whatever the policy"
    for _ in range(2):
        relay(bus, policies)

    assert states() == {("a", 1): "published", ("a", 2): "dead", ("a", 3): "published", ("b", 1): "published"}
    assert OutboxEvent.objects.dead().get().retry_count == 2


def test_the_policy_of_one_topic_is_not_that_of_another(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(1)
    take_notes("a", 1, 2)

    relay(bus, TopicPolicies.read(RetryPolicy(limit=0), {"elsewhere": {"dead_row": "lets_its_key_go_on"}}))
    relay(bus)

    assert states() == {("a", 1): "dead", ("a", 2): "pending"}


def test_rows_behind_a_held_key_are_reached_however_many_it_holds(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    bus.fail = refusing(0)
    take_notes("a", *range(50))
    take_notes("b", 100)

    for _ in range(3):
        relay(bus, limit=10)

    assert states()["b", 1] == "published"


def test_what_a_broker_refuses_is_found_among_what_it_refused_with_it(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    """Kafka judges a request as a whole, and librdkafka would let later messages pass the refused one."""
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "2000"})
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    admin.create_topics([new])[topic].result()
    take_notes("a", 1, 2)
    take_notes("b", 3)
    take_notes("a", 4)
    connection.cursor().execute(
        "UPDATE outbox_events SET payload = json_build_object('number', 2, 'noise', "
        "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n)) WHERE version = 2"
    )

    eventually(lambda: relay(kafka).taken == 0)

    assert states() == {("a", 1): "published", ("a", 2): "dead", ("a", 3): "pending", ("b", 1): "published"}
    assert in_order(read_topic(kafka_brokers, topic, at_least=2)) == {"a": [1], "b": [1]}


def test_nothing_passes_a_message_that_the_broker_refuses(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    """With many requests in flight; the messages do not compress."""
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "30000"})
    admin = AdminClient({"bootstrap.servers": kafka_brokers})
    admin.create_topics([new])[topic].result()
    take_notes("a", *range(40))
    connection.cursor().execute(
        "UPDATE outbox_events SET payload = json_build_object('noise', (SELECT "
        "string_agg(md5(version || '-' || n), '') "
        "FROM generate_series(1, CASE version WHEN 20 THEN 3000 ELSE 200 END) n))"
    )

    eventually(lambda: relay(kafka).taken == 0)

    assert {version: state for (_, version), state in states().items()} == (
        dict.fromkeys(range(1, 20), "published") | {20: "dead"} | dict.fromkeys(range(21, 41), "pending")
    )
    assert in_order(read_topic(kafka_brokers, topic, at_least=19)) == {"a": list(range(1, 20))}


def test_a_topic_that_cannot_be_made_kills_its_rows_and_no_others(
    kafka: KafkaBus, prefix: str, settings: Any, relay: Callable[..., PassResult]
) -> None:
    take_notes("a", 1)
    settings.KAFKA_TOPIC_PREFIX = "not a topic"
    take_notes("b", 2)

    relay(kafka)

    assert states() == {("a", 1): "published", ("b", 1): "dead"}


def test_a_broker_that_is_away_burns_no_attempts_and_the_backlog_drains(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult], redis_url: str
) -> None:
    take_notes("a", *range(20))

    result = relay(KafkaBus(NOWHERE, deadline=0.5))

    assert result.outage
    row = OutboxEvent.objects.get(version=1)
    assert (row.retry_count, row.next_attempt_at, row.dead_at) == (0, None, None)
    settings = RelaySettings(batch=7, policies=LATER, redis_url=redis_url)
    with hosted(RelayRunner(kafka, settings)):
        eventually(lambda: not OutboxEvent.objects.pending().exists())
    assert in_order(read_topic(kafka_brokers, topic, at_least=20)) == {"a": list(range(1, 21))}
