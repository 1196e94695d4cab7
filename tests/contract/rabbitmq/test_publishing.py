"""RabbitMQ adapter, publishing: what is refused, and what a refusal holds back."""

from typing import Any

from outbox.bus.base import Failure
from outbox.bus.rabbitmq.bus import RabbitBus
from tests.contract.test_bus import commit, joined, message, receive
from tests.support.outbox import unique
from tests.support.rabbitmq import failures, of_type


def test_a_topic_that_does_not_exist_refuses_and_the_others_go_on(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    nowhere = unique("nowhere")

    assert failures(bus, message(nowhere, "a", "1"), message(topic, "a", "2"), message(nowhere, "a", "3")) == [
        Failure.REFUSED,
        None,
        Failure.BLOCKED,
    ]
    assert [m.body for m in receive(subscription, 1)] == [b"2"]
    subscription.close()


def test_a_message_that_no_queue_wants_is_refused_and_holds_its_key(bus: RabbitBus, topic: str, outsider: Any) -> None:
    queue = unique("orders")
    outsider.queue_declare(queue, durable=True, auto_delete=False)
    outsider.queue_bind(queue, topic, routing_key="order.*")

    assert failures(
        bus,
        of_type(topic, "a", "order.created"),
        of_type(topic, "a", "invoice.sent"),
        of_type(topic, "a", "order.paid"),
        of_type(topic, "b", "order.paid"),
    ) == [None, Failure.REFUSED, Failure.BLOCKED, None]
    received = [outsider.basic_get(queue, no_ack=True) for _ in range(3)]
    assert [one and one.delivery_info["routing_key"] for one in received] == ["order.created", "order.paid", None]


def test_a_queue_that_refuses_more_holds_its_key(bus: RabbitBus, topic: str, outsider: Any) -> None:
    """A nack, as of a queue that is full."""
    queue = unique("short")
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    outsider.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
    outsider.queue_bind(queue, topic, routing_key="#")

    assert failures(bus, *(message(topic, "a", str(n)) for n in range(3))) == [None, Failure.REFUSED, Failure.BLOCKED]


def test_a_key_with_more_messages_than_time_goes_on_with_the_next_batch(bus: RabbitBus, topic: str) -> None:
    subscription = joined(bus, topic)
    bus._deadline = 0.5
    messages = [message(topic, "a", str(n)) for n in range(2_000)]

    results = bus.publish_batch(messages)
    delivered = results.index(next(filter(None, results)))
    bus._deadline = 30.0
    assert set(bus.publish_batch(messages[delivered:])) == {None}

    assert 0 < delivered < 2_000
    assert {result and result.failure for result in results[delivered:]} == {Failure.BLOCKED}
    numbers: list[int] = []
    while len(numbers) < 2_000:
        received = receive(subscription, 1)
        commit(subscription, received)
        numbers += [int(m.body or b"") for m in received]
    assert numbers == list(range(2_000))
    subscription.close()
