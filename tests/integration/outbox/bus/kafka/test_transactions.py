"""Transactional producers: their markers, and what they take back, are nothing that a group could be behind with."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from outbox.api import KafkaBus, TopicSpec
from outbox.bus.base import Partition, Subscription
from outbox.bus.kafka.offsets import group_lag
from tests.contract.test_bus import commit, receive
from tests.support.outbox import eventually, unique


@pytest.fixture
def bus(kafka_brokers: str) -> Iterator[KafkaBus]:
    made = KafkaBus(kafka_brokers)
    yield made
    made.close()


@pytest.fixture
def topic(bus: KafkaBus) -> str:
    name = unique("transactions")
    assert bus.ensure_topics([TopicSpec(name=name, partitions=1)]) == {}
    return name


@pytest.fixture
def producer(kafka_brokers: str) -> Producer:
    made = Producer({"bootstrap.servers": kafka_brokers, "transactional.id": unique("outsider")})
    made.init_transactions(20)
    return made


@pytest.fixture
def group() -> str:
    return unique("group")


@pytest.fixture
def member(bus: KafkaBus, group: str, topic: str) -> Iterator[Subscription]:
    joined = bus.subscribe(group, [topic])
    yield joined
    joined.close()


def begin(producer: Producer, topic: str, *bodies: bytes) -> None:
    """A transaction whose messages the broker has, and that is open."""
    producer.begin_transaction()
    for body in bodies:
        producer.produce(topic, key=b"k", value=body)
    assert producer.flush(20) == 0


def lags(brokers: str, group: str, topic: str) -> tuple[int | None, int, int]:
    """Where the group goes on, where the topic ends, and what lies between."""
    (found,) = group_lag(brokers, group, [topic])
    return found.committed, found.end, found.lag


def test_who_has_read_all_that_was_committed_is_not_behind(
    member: Subscription, producer: Producer, kafka_brokers: str, group: str, topic: str
) -> None:
    begin(producer, topic, b"1", b"2")
    producer.commit_transaction(20)

    commit(member, receive(member, 2))

    # Offset 2 is the marker's.
    eventually(lambda: member.poll(limit=10, timeout=0.1) or lags(kafka_brokers, group, topic) == (3, 3, 0))
    assert member.lag() == {(topic, 0): 0}


def test_what_was_taken_back_is_passed_over_whether_anything_came_before_or_not(
    member: Subscription, producer: Producer, kafka_brokers: str, group: str, topic: str
) -> None:
    begin(producer, topic, b"1", b"2")
    producer.abort_transaction(20)

    eventually(lambda: member.poll(limit=10, timeout=0.1) or lags(kafka_brokers, group, topic) == (3, 3, 0))
    begin(producer, topic, b"3")
    producer.commit_transaction(20)
    begin(producer, topic, b"4")
    producer.abort_transaction(20)
    received = receive(member, 1)

    assert [one.body for one in received] == [b"3"]
    eventually(lambda: member.poll(limit=10, timeout=0.1) or member.lag() == {(topic, 0): 4})
    commit(member, received)
    eventually(lambda: member.poll(limit=10, timeout=0.1) or lags(kafka_brokers, group, topic) == (7, 7, 0))


def test_a_member_that_has_not_done_its_work_is_behind_with_it(
    member: Subscription, producer: Producer, kafka_brokers: str, group: str, topic: str
) -> None:
    begin(producer, topic, b"1", b"2")
    producer.commit_transaction(20)
    received = receive(member, 2)
    eventually(lambda: member.poll(limit=10, timeout=0.1) or at_the_end(member, topic))

    commit(member, received[:1])

    eventually(lambda: lags(kafka_brokers, group, topic)[0] == 1)
    assert member.lag() == {(topic, 0): 2}
    commit(member, received)
    eventually(lambda: lags(kafka_brokers, group, topic) == (3, 3, 0))


def test_what_stands_in_an_open_transaction_is_not_there_yet(
    bus: KafkaBus, member: Subscription, producer: Producer, kafka_brokers: str, group: str, topic: str
) -> None:
    begin(producer, topic, b"1")
    producer.commit_transaction(20)
    commit(member, receive(member, 1))
    begin(producer, topic, b"2", b"3")

    eventually(lambda: member.poll(limit=10, timeout=0.1) or lags(kafka_brokers, group, topic) == (2, 2, 0))
    assert member.lag() == {(topic, 0): 0}
    history = bus.history(topic)
    assert [one.body for batch in history.batches(10) for one in batch] == [b"1"]
    history.close()

    producer.commit_transaction(20)
    assert [one.body for one in receive(member, 2)] == [b"2", b"3"]


def at_the_end(member: Any, topic: str) -> bool:
    partition: Partition = (topic, 0)
    return member._reading.end(partition) is not None
