"""RabbitMQ adapter, members: what they hold, and what becomes of it when they or the broker go."""

import os
from socket import MSG_DONTWAIT
from typing import Any, cast

import pytest

from nova.local.servers.embedded import Embedded
from outbox.bus.base import Failure
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.subscription import RabbitSubscription
from tests.contract.test_bus import commit, joined, message, receive
from tests.support.outbox import eventually, unique
from tests.support.rabbitmq import failures


def test_what_was_confirmed_outlives_the_broker_and_a_member_comes_back_to_it(
    bus: RabbitBus, topic: str, rabbitmq: Embedded
) -> None:
    subscription = joined(bus, topic)
    assert set(bus.publish_batch([message(topic, f"k{n % 9}", str(n)) for n in range(200)])) == {None}
    commit(subscription, receive(subscription, 200)[:0])

    rabbitmq.kill()
    during = failures(bus, message(topic, "k0", "200"))
    rabbitmq.await_ready()
    eventually(lambda: failures(bus, message(topic, "k0", "201")) == [None])
    again = receive(subscription, 201)
    commit(subscription, again)

    assert during == [Failure.OUTAGE]
    for key in {m.key for m in again}:
        numbers = [int(m.body or b"") for m in again if m.key == key]
        assert numbers == sorted(numbers)
    assert {int(m.body or b"") for m in again} >= {*range(200), 201}
    subscription.close()


def test_the_first_message_after_a_silence_is_no_outage(
    bus: RabbitBus, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker closes a connection that it has heard nothing on for twice its heartbeat."""
    monkeypatch.setattr("outbox.bus.rabbitmq.wire.HEARTBEAT", 1)
    bus.close()
    subscription = joined(bus, topic)
    assert failures(bus, message(topic, "a", "1")) == [None]
    publisher = bus._publisher
    assert publisher is not None
    socket = publisher._connection.connection.transport.sock

    eventually(lambda: is_closed(socket))

    assert failures(bus, message(topic, "a", "2")) == [None]
    assert failures(bus, message(topic, "a", "3")) == [None]
    subscription.close()


def is_closed(socket: Any) -> bool:
    """Whether the other side has closed it; what it has said before is read."""
    try:
        return not socket.recv(65_536, MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_member_that_lost_its_connection_does_not_acknowledge_what_came_over_it(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", "1")])
    before = receive(subscription, 1)

    cast("RabbitSubscription", subscription)._connection.connection.transport.sock.close()
    again = receive(subscription, 1)
    commit(subscription, before)

    assert [m.body for m in again] == [b"1"]
    assert sum(subscription.lag().values()) == 1
    commit(subscription, again)
    assert sum(subscription.lag().values()) == 0
    subscription.close()


def test_a_forked_process_makes_a_connection_of_its_own(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", "parent")])

    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if bus.publish_batch([message(topic, "b", "child")]) == [None] else 2
            bus.close()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert bus.publish_batch([message(topic, "a", "parent again")]) == [None]
    assert sorted(m.body or b"" for m in receive(subscription, 3)) == [b"child", b"parent", b"parent again"]
    subscription.close()


def test_a_paused_partition_waits_and_the_others_go_on(bus: RabbitBus, topic: str) -> None:
    subscription = bus.subscribe(unique("group"), [topic])
    bus.publish_batch([message(topic, key, f"{key} 0") for key in ("a", "b")])
    first = {m.key: m for m in receive(subscription, 2)}
    quiet = (topic, first[b"a"].partition)
    assert first[b"b"].partition != quiet[1]

    subscription.pause([quiet])
    bus.publish_batch([message(topic, key, f"{key} {n}") for n in (1, 2) for key in ("a", "b")])
    assert [m.body for m in receive(subscription, 2)] == [b"b 1", b"b 2"]
    assert subscription.poll(limit=10, timeout=0.2) == []
    subscription.resume([quiet])

    assert [m.body for m in receive(subscription, 2)] == [b"a 1", b"a 2"]
    subscription.close()


def test_who_hands_over_may_commit_at_the_last_moment(bus: RabbitBus, topic: str) -> None:
    group = unique("group")
    subscription = bus.subscribe(group, [topic])
    bus.publish_batch([message(topic, "a", "1")])
    (received,) = receive(subscription, 1)
    told: list[object] = []

    def finish(partitions: object) -> None:
        told.append(partitions)
        commit(subscription, [received])

    subscription.before_handover = finish
    subscription.close()
    second = bus.subscribe(group, [topic])

    assert told
    assert second.poll(limit=1, timeout=0.3) == []
    second.close()


def test_prefetch_bounds_what_a_member_holds_and_more_comes_with_each_commit(
    bus: RabbitBus, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.bus.rabbitmq.subscription.PREFETCH", 5)
    subscription = joined(bus, topic)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(12)])

    held = receive(subscription, 5)
    assert subscription.poll(limit=100, timeout=0.3) == []
    commit(subscription, held)

    assert [m.body for m in receive(subscription, 5)] == [b"5", b"6", b"7", b"8", b"9"]
    subscription.close()
