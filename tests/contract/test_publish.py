"""Publishing one message: it has arrived, or an error says why not, whichever the broker."""

import pytest

from outbox.bus.base import MAX_MESSAGE_BYTES, Bus, DeliveryFailure, Failure, TopicSpec
from outbox.bus.memory.bus import MemoryBus
from outbox.exceptions import BrokerUnavailable, MessageRefused
from tests.contract.test_bus import joined, message, receive
from tests.support.outbox import unique


def test_one_message_arrives_as_it_was_published(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)

    bus.publish(message(topic, "a", "1", event_type=b"x.happened"))
    bus.publish(message(topic, "a", "2"))

    first, second = receive(subscription, 2)
    subscription.close()
    assert (first.key, first.body, dict(first.headers)["event_type"]) == (b"a", b"1", b"x.happened")
    assert second.body == b"2"


def test_a_message_that_can_never_be_taken_is_refused_for_good(bus: Bus, topic: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        bus.publish(message(topic, "a", "x" * (MAX_MESSAGE_BYTES + 1)))

    assert refused.value.is_permanent
    assert str(refused.value)


@pytest.mark.parametrize("bus", ["memory", "rabbitmq"], indirect=True)
def test_a_message_to_a_topic_that_is_not_there_may_be_taken_later(bus: Bus) -> None:
    # Kafka makes a topic that is written to, where its settings allow that.
    with pytest.raises(MessageRefused) as refused:
        bus.publish(message(unique("nowhere"), "a", "1"))

    assert not refused.value.is_permanent


def test_a_broker_that_is_away_is_no_refusal(unreachable: Bus) -> None:
    with pytest.raises(BrokerUnavailable):
        unreachable.publish(message("away", "a", "1"))


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure.OUTAGE, BrokerUnavailable),
        (Failure.BLOCKED, BrokerUnavailable),
        (Failure.REFUSED, MessageRefused),
        (Failure.PERMANENT, MessageRefused),
    ],
)
def test_each_failure_of_a_batch_of_one_is_raised_with_its_reason(failure: Failure, error: type[Exception]) -> None:
    bus = MemoryBus()
    bus.ensure_topics([TopicSpec(name="topic", partitions=1)])
    bus.fail = lambda _: DeliveryFailure(failure=failure, reason="no room")

    with pytest.raises(error, match="no room"):
        bus.publish(message("topic", "a", "1"))
    assert bus.published == []
