"""Bus contract: one suite for every adapter on its real broker, the one in memory included."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from outbox.bus.base import MAX_MESSAGE_BYTES, Bus, Failure, IncomingMessage, OutgoingMessage, Subscription, TopicSpec
from outbox.bus.kafka.bus import KafkaBus
from tests.support.outbox import EVENTUALLY_TIMEOUT, eventually, unique


def joined(bus: Bus, topic: str, group: str = "") -> Subscription:
    """A member of a group that is there before the first message: not every broker keeps a past."""
    return bus.subscribe(group or unique("group"), [topic])


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
    subscription = joined(bus, topic)
    named = {"event_type": b"x", "event_id": b"01a1fdd2-1692-79ea-be54-c682f3a8f772", "odd": b"\xff\x00", "empty": b""}
    sent = [message(topic, f"key-{n % 7}", f"body {n} \x00\xff", **named) for n in range(100)]

    assert bus.publish_batch(sent) == [None] * 100

    received = receive(subscription, 100)
    subscription.close()
    assert len(received) == 100
    assert dict(received[0].headers) == named
    assert received[0].topic == topic
    assert all(m.timestamp and m.timestamp > 1_700_000_000_000 for m in received)
    for key in {m.key for m in sent}:
        assert [m.body for m in received if m.key == key] == [m.body for m in sent if m.key == key]
        assert len({m.partition for m in received if m.key == key}) == 1


@pytest.mark.parametrize("body", [b"", b"\x00\x01\xfe\xff", "\U0001f600".encode() * 1000, b"x" * MAX_MESSAGE_BYTES])
def test_bodies_arrive_byte_by_byte(bus: Bus, topic: str, body: bytes) -> None:
    subscription = joined(bus, topic)

    assert bus.publish_batch([OutgoingMessage(topic=topic, key=b"\xff\x00", body=body)]) == [None]

    (received,) = receive(subscription, 1)
    assert (received.key, received.body) == (b"\xff\x00", body)
    subscription.close()


def test_topics_are_created_once(bus: Bus, topic: str) -> None:
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}


def test_a_message_that_is_too_large_fails_for_good_and_holds_back_its_own_key_only(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)
    results = bus.publish_batch(
        [
            message(topic, "a", "1"),
            message(topic, "a", "x" * (MAX_MESSAGE_BYTES + 1)),
            message(topic, "a", "3"),
            message(topic, "b", "4"),
        ]
    )

    assert [result and result.failure for result in results] == [None, Failure.PERMANENT, Failure.BLOCKED, None]
    received = receive(subscription, 2)
    subscription.close()
    assert sorted((m.key, m.body) for m in received) == [(b"a", b"1"), (b"b", b"4")]


def test_a_broker_that_is_away_is_nobodys_fault_and_may_be_left(unreachable: Bus) -> None:
    spec = TopicSpec(name="away", partitions=1)
    unreachable.warm_up([spec])
    subscription = unreachable.subscribe("group", ["away"])

    assert subscription.poll(limit=10, timeout=0.2) == []
    subscription.commit({("away", 0): 1})
    results = unreachable.publish_batch([message("away", "a", "1"), message("away", "b", "2")])
    subscription.close()

    assert [result and result.failure for result in results] == [Failure.OUTAGE, Failure.OUTAGE]
    assert unreachable.ensure_topics([spec])["away"].failure is Failure.OUTAGE


def close_together(*members: Subscription) -> None:
    """A group that is sharing its work out anew lets a member go when the others take part in it."""
    with ThreadPoolExecutor(len(members)) as pool:
        for closed in [pool.submit(member.close) for member in members]:
            closed.result()


def test_a_group_goes_on_where_it_committed(bus: Bus, topic: str) -> None:
    group = unique("group")
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(10)])
    commit(first, receive(first, 10)[:4])
    first.close()

    second = bus.subscribe(group, [topic])

    assert [m.body for m in receive(second, 6)] == [b"4", b"5", b"6", b"7", b"8", b"9"]
    second.close()


def test_what_was_not_committed_comes_again(bus: Bus, topic: str) -> None:
    group = unique("group")
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(3)])
    receive(first, 3)
    first.close()

    second = bus.subscribe(group, [topic])

    assert [m.body for m in receive(second, 3)] == [b"0", b"1", b"2"]
    second.close()


MEMBER = """
import sys
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.wire import RabbitAddress

kind, address, group, topic = sys.argv[1:]
bus = KafkaBus(address) if kind == "kafka" else RabbitBus(RabbitAddress(url=address))
member = bus.subscribe(group, [topic])
while True:
    if received := member.poll(limit=10, timeout=1.0):
        for one in received:
            print("in hand:", one.body, flush=True)
"""


@pytest.mark.parametrize("bus", ["rabbitmq", pytest.param("kafka", marks=pytest.mark.slow)], indirect=True)
def test_what_a_member_had_in_hand_when_it_was_killed_comes_again(bus: Bus, topic: str, request: Any) -> None:
    group = unique("group")
    joined(bus, topic, group).close()
    kind = "kafka" if isinstance(bus, KafkaBus) else "rabbitmq"
    address = (
        request.getfixturevalue("kafka_brokers") if kind == "kafka" else request.getfixturevalue("rabbitmq").address
    )
    with subprocess.Popen(
        [sys.executable, "-c", MEMBER, kind, address, group, topic],
        stdout=subprocess.PIPE,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "nova.settings.test"},
    ) as member:
        assert member.stdout
        try:
            bus.publish_batch([message(topic, "a", "1"), message(topic, "a", "2")])
            # Besides what it logs.
            in_hand = (line for line in member.stdout if line.startswith(b"in hand:"))
            assert len([next(in_hand), next(in_hand)]) == 2
        finally:
            member.send_signal(signal.SIGKILL)

    second = bus.subscribe(group, [topic])

    assert [m.body for m in receive(second, 2)] == [b"1", b"2"]
    second.close()


def test_groups_do_not_take_messages_from_each_other(bus: Bus, topic: str) -> None:
    subscriptions = [joined(bus, topic) for _ in range(2)]
    bus.publish_batch([message(topic, "a", "1")])

    assert [[m.body for m in receive(subscription, 1)] for subscription in subscriptions] == [[b"1"], [b"1"]]
    close_together(*subscriptions)


@pytest.mark.parametrize("bus", ["memory", "kafka"], indirect=True)
def test_a_new_group_starts_at_the_earliest_where_the_broker_keeps_a_past(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, "a", "1")])

    late = bus.subscribe(unique("group"), [topic])

    assert [m.body for m in receive(late, 1)] == [b"1"]
    late.close()


def test_a_pattern_follows_topics_that_come_into_being_later(bus: Bus) -> None:
    family = unique("family")
    subscription = bus.subscribe(unique("group"), [f"^{family}\\..*"])
    subscription.poll(limit=1, timeout=0.1)
    other = bus.subscribe(unique("group"), [f"not.{family}"])

    bus.ensure_topics([TopicSpec(name=f"{family}.late", partitions=1), TopicSpec(name=f"not.{family}", partitions=1)])
    sent = [message(f"not.{family}", "a", "no"), message(f"{family}.late", "a", "yes")]
    assert bus.publish_batch(sent) == [None, None]

    (received,) = receive(subscription, 1)
    assert (received.topic, received.body) == (f"{family}.late", b"yes")
    commit(subscription, [received])
    subscription.close()
    other.close()


def test_a_member_hands_over_what_it_has_committed_to_one_that_joins(bus: Bus, topic: str) -> None:
    """The first member keeps working off while a second joins; nothing committed comes to the second."""
    group = unique("group")
    keys = [f"key-{n}" for n in range(30)]
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, key, "before") for key in keys])
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

    eventually(shared, within=EVENTUALLY_TIMEOUT)

    close_together(first, second)
    assert set(by_second) == {b"after"}


def test_members_share_the_work_and_keep_the_order_of_each_key(bus: Bus, topic: str) -> None:
    """Both are given some of it while the second joins and the first leaves; what comes again is passed over."""
    group = unique("group")
    members = {"first": joined(bus, topic, group), "second": bus.subscribe(group, [topic])}
    keys = [f"key-{n}" for n in range(20)]
    seen: dict[str, dict[bytes, None]] = {key: {} for key in keys}
    handled_by = dict.fromkeys(members, 0)
    leaving: list[Future[None]] = []
    published = 0

    def everything() -> bool:
        nonlocal published
        if not all(handled_by.values()) or published < 30:
            assert set(bus.publish_batch([message(topic, key, str(published)) for key in keys])) == {None}
            published += 1
        elif len(members) == 2:
            # Beside the other, which has to be polled for the first to be released.
            leaving.append(pool.submit(members.pop("first").close))
        for name, member in members.items():
            received = member.poll(limit=50, timeout=0.05)
            for one in received:
                seen[(one.key or b"").decode()].setdefault(one.body or b"")
            commit(member, received)
            handled_by[name] += len(received)
        return len(members) == 1 and all(len(bodies) == published for bodies in seen.values())

    with ThreadPoolExecutor() as pool:
        eventually(everything, within=EVENTUALLY_TIMEOUT)
    close_together(*members.values())

    assert [closed.exception() for closed in leaving] == [None]
    for bodies in seen.values():
        assert list(bodies) == [b"%d" % n for n in range(published)]


def test_lag_counts_what_is_not_committed(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(5)])
    received = receive(subscription, 5)

    commit(subscription, received[:2])
    assert sum(subscription.lag().values()) == 3
    commit(subscription, received)
    assert sum(subscription.lag().values()) == 0
    subscription.close()


def test_a_paused_partition_rests_and_then_goes_on_without_a_gap(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", "before")])
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
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, key, "before") for key in keys])
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

    eventually(moved, within=EVENTUALLY_TIMEOUT)
    close_together(first, second)

    assert set(by_second) == {b"after"}
