"""What does every adapter of the bus do? One suite for all of them, the one in memory included."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from outbox.bus.base import MAX_MESSAGE_BYTES, Bus, IncomingMessage, OutgoingMessage, Subscription
from outbox.bus.kafka import KafkaBus
from outbox.bus.memory import MemoryBus
from outbox.retries import Failure
from outbox.topics import TopicSpec
from tests.support.outbox import PATIENCE, eventually, unique


@pytest.fixture(params=["memory", "kafka"])
def bus(request: Any) -> Iterator[Bus]:
    made: Bus = MemoryBus() if request.param == "memory" else KafkaBus(request.getfixturevalue("kafka_brokers"))
    yield made
    made.close()


@pytest.fixture
def topic(bus: Bus) -> str:
    name = unique("contract")
    assert bus.ensure_topics([TopicSpec(name=name, partitions=3)]) == {}
    return name


def message(topic: str, key: str, body: str, **headers: bytes) -> OutgoingMessage:
    return OutgoingMessage(topic=topic, key=key.encode(), body=body.encode(), headers=tuple(headers.items()))


def receive(subscription: Subscription, number: int) -> list[IncomingMessage]:
    """At least so many messages."""
    received: list[IncomingMessage] = []

    def enough() -> bool:
        received.extend(subscription.poll(limit=100, timeout=0.2))
        return len(received) >= number

    eventually(enough)
    return received


def commit(subscription: Subscription, messages: list[IncomingMessage]) -> None:
    subscription.commit({(m.topic, m.partition): m.offset + 1 for m in messages})


def test_messages_arrive_as_they_were_published_in_order_per_key(bus: Bus, topic: str) -> None:
    sent = [message(topic, f"key-{n % 7}", f"body {n}", event_type=b"x", odd=b"\xff\x00") for n in range(100)]

    assert bus.publish_batch(sent) == [None] * 100

    subscription = bus.subscribe(unique("group"), [topic])
    received = receive(subscription, 100)
    subscription.close()
    assert len(received) == 100
    assert received[0].headers == (("event_type", b"x"), ("odd", b"\xff\x00"))
    for key in {m.key for m in sent}:
        assert [m.body for m in received if m.key == key] == [m.body for m in sent if m.key == key]
        assert len({m.partition for m in received if m.key == key}) == 1


def test_topics_are_created_once(bus: Bus, topic: str) -> None:
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}


def test_a_message_that_is_too_large_fails_for_good_and_holds_back_its_own_key_only(bus: Bus, topic: str) -> None:
    results = bus.publish_batch(
        [
            message(topic, "a", "1"),
            message(topic, "a", "x" * (MAX_MESSAGE_BYTES + 1)),
            message(topic, "a", "3"),
            message(topic, "b", "4"),
        ]
    )

    assert [result and result.failure for result in results] == [None, Failure.PERMANENT, Failure.HELD, None]
    subscription = bus.subscribe(unique("group"), [topic])
    received = receive(subscription, 2)
    subscription.close()
    assert sorted((m.key, m.body) for m in received) == [(b"a", b"1"), (b"b", b"4")]


def test_a_group_goes_on_where_it_committed(bus: Bus, topic: str) -> None:
    group = unique("group")
    bus.publish_batch([message(topic, "a", str(n)) for n in range(10)])
    first = bus.subscribe(group, [topic])
    commit(first, receive(first, 10)[:4])
    first.close()

    second = bus.subscribe(group, [topic])

    assert [m.body for m in receive(second, 6)] == [b"4", b"5", b"6", b"7", b"8", b"9"]
    second.close()


def test_what_was_not_committed_comes_again(bus: Bus, topic: str) -> None:
    group = unique("group")
    bus.publish_batch([message(topic, "a", "1")])
    first = bus.subscribe(group, [topic])
    receive(first, 1)
    first.close()

    second = bus.subscribe(group, [topic])

    assert [m.body for m in receive(second, 1)] == [b"1"]
    second.close()


def test_groups_do_not_take_messages_from_each_other(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, "a", "1")])
    subscriptions = [bus.subscribe(unique("group"), [topic]) for _ in range(2)]

    assert [[m.body for m in receive(subscription, 1)] for subscription in subscriptions] == [[b"1"], [b"1"]]
    for subscription in subscriptions:
        subscription.close()


def test_a_pattern_follows_topics_that_come_into_being_later(bus: Bus) -> None:
    family = unique("family")
    subscription = bus.subscribe(unique("group"), [f"^{family}\\..*"])
    subscription.poll(limit=1, timeout=0.1)

    bus.ensure_topics([TopicSpec(name=f"{family}.late", partitions=1), TopicSpec(name=f"not.{family}", partitions=1)])
    bus.publish_batch([message(f"not.{family}", "a", "no"), message(f"{family}.late", "a", "yes")])

    assert [m.body for m in receive(subscription, 1)] == [b"yes"]
    subscription.close()


def test_a_member_hands_over_what_it_has_committed_to_one_that_joins(bus: Bus, topic: str) -> None:
    """The first member keeps working off while a second joins; nothing committed comes to the second."""
    group = unique("group")
    keys = [f"key-{n}" for n in range(30)]
    bus.publish_batch([message(topic, key, "before") for key in keys])
    first = bus.subscribe(group, [topic])
    commit(first, receive(first, 30))
    second = bus.subscribe(group, [topic])
    handled: list[bytes | None] = []
    by_second: list[bytes | None] = []

    def shared() -> bool:
        for member, seen in ((first, handled), (second, by_second)):
            received = member.poll(limit=100, timeout=0.1)
            seen.extend(m.body for m in received)
            commit(member, received)
        if not by_second:
            bus.publish_batch([message(topic, key, "after") for key in keys])
        return bool(by_second)

    eventually(shared, within=PATIENCE)

    first.close()
    second.close()
    assert set(by_second) == {b"after"}


def test_lag_counts_what_is_not_committed(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, "a", str(n)) for n in range(5)])
    subscription = bus.subscribe(unique("group"), [topic])
    received = receive(subscription, 5)

    commit(subscription, received[:2])
    assert sum(subscription.lag().values()) == 3
    commit(subscription, received)
    assert sum(subscription.lag().values()) == 0
    subscription.close()


def test_a_paused_partition_rests_and_then_goes_on_without_a_gap(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, "a", "before")])
    subscription = bus.subscribe(unique("group"), [topic])
    (first,) = receive(subscription, 1)
    resting = [(topic, first.partition)]
    subscription.pause(resting)
    others = [message(topic, f"key-{n}", "beside") for n in range(20)]
    bus.publish_batch([message(topic, "a", "held"), *others])

    beside = receive(subscription, 1)
    subscription.resume(resting)
    after = receive(subscription, 21 - len(beside))
    subscription.close()

    assert resting[0] not in {(m.topic, m.partition) for m in beside}
    assert [m.body for m in after if m.key == b"a"] == [b"held"]
    assert len(beside) + len(after) == 21


def test_what_is_in_hand_can_be_committed_before_a_partition_goes_to_another_member(bus: Bus, topic: str) -> None:
    group = unique("group")
    keys = [f"key-{n}" for n in range(30)]
    bus.publish_batch([message(topic, key, "before") for key in keys])
    first = bus.subscribe(group, [topic])
    in_hand = receive(first, 30)
    lost: set[tuple[str, int]] = set()

    def finish(partitions: Collection[tuple[str, int]]) -> None:
        lost.update(partitions)
        commit(first, [m for m in in_hand if (m.topic, m.partition) in partitions])

    first.before_handover = finish
    second = bus.subscribe(group, [topic])
    by_second: list[bytes | None] = []

    def moved() -> bool:
        first.poll(limit=100, timeout=0.1)
        by_second.extend(m.body for m in second.poll(limit=100, timeout=0.1))
        if lost:
            bus.publish_batch([message(topic, key, "after") for key in keys])
        return bool(by_second)

    eventually(moved, within=PATIENCE)
    first.close()
    second.close()

    assert set(by_second) == {b"after"}
