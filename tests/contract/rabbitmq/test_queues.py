"""RabbitMQ adapter, queues: how many there are of which kind, whoever has declared them."""

from typing import Any

import pytest
from amqp.exceptions import PreconditionFailed

from nova.local.servers.embedded import Embedded
from outbox.bus.base import TopicSpec
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.topology import dead_letters_name, members_name, queue_name
from outbox.bus.rabbitmq.wire import RabbitAddress
from outbox.exceptions import QueueMismatch
from tests.contract.test_bus import commit, message, receive
from tests.support.outbox import unique
from tests.support.rabbitmq import failures


def test_a_group_may_have_more_queues_than_publishers_know_of(bus: RabbitBus, topic: str, rabbitmq: Embedded) -> None:
    """And fewer: what has no queue of its own comes to the first."""
    small = RabbitBus(RabbitAddress(url=rabbitmq.address, partitions=2)).subscribe(unique("group"), [topic])
    large = RabbitBus(RabbitAddress(url=rabbitmq.address, partitions=9)).subscribe(unique("group"), [topic])
    bus.publish_batch([message(topic, f"key-{n}", str(n)) for n in range(40)])

    for subscription in (small, large):
        assert len({m.body for m in receive(subscription, 40)}) == 40
        subscription.close()


def test_queues_are_classic_whatever_the_server_s_default(quorum_address: str, quorum_outsider: Any) -> None:
    topic, group = unique("classic"), unique("group")
    bus = RabbitBus(RabbitAddress(url=quorum_address))
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}
    subscription = bus.subscribe(group, [topic])
    assert failures(bus, *(message(topic, "a", str(n)) for n in range(5))) == [None] * 5
    first = receive(subscription, 5)
    commit(subscription, first[:2])
    subscription.close()

    # What was not acknowledged is where it was, which a quorum queue would not promise.
    again = bus.subscribe(group, [topic])
    assert [m.body for m in receive(again, 3)] == [b"2", b"3", b"4"]
    again.close()
    bus.close()
    dead = {"x-dead-letter-exchange": dead_letters_name(group)}
    queues = {queue_name(group, topic, 0): dead, members_name(group, topic): {}, dead_letters_name(group): {}}
    for name, arguments in queues.items():
        with pytest.raises(PreconditionFailed, match="received 'quorum' but current is 'classic'"):
            quorum_outsider.connection.channel().queue_declare(
                name, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum", **arguments}
            )


def test_queues_from_before_they_named_their_type_go_on(bus: RabbitBus, topic: str, outsider: Any) -> None:
    group = unique("group")
    for number in range(6):
        outsider.queue_declare(
            queue_name(group, topic, number),
            durable=True,
            auto_delete=False,
            arguments={"x-dead-letter-exchange": dead_letters_name(group)},
        )
    for name in (members_name(group, topic), dead_letters_name(group)):
        outsider.queue_declare(name, durable=True, auto_delete=False)

    subscription = bus.subscribe(group, [topic])
    bus.publish_batch([message(topic, "a", "1")])

    assert [m.body for m in receive(subscription, 1)] == [b"1"]
    subscription.close()


def test_a_queue_of_another_kind_is_named_to_whoever_needs_it(quorum_address: str, quorum_outsider: Any) -> None:
    topic, group = unique("kind"), unique("group")
    name = queue_name(group, topic, 2)
    quorum_outsider.queue_declare(
        name, durable=True, auto_delete=False, arguments={"x-dead-letter-exchange": dead_letters_name(group)}
    )
    bus = RabbitBus(RabbitAddress(url=quorum_address))

    for ask in (bus.subscribe, bus.ensure_group):
        with pytest.raises(QueueMismatch) as raised:
            ask(group, [topic])
        assert raised.value.queue == name
        assert "received 'classic' but current is 'quorum'" in str(raised.value)

    # The bus itself goes on.
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=3)]) == {}
    quorum_outsider.queue_delete(name)
    bus.subscribe(group, [topic]).close()
    bus.close()
