"""A topic that was deleted and made anew is another one, under the same name and with offsets from 0 on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from outbox.api import KafkaBus, TopicSpec
from outbox.bus.kafka.cluster import topic_ids
from outbox.consumers.consumer import ConsumerRunner
from outbox.exceptions import BrokerUnavailable
from outbox.messages.headers import event_id_of
from tests.contract.test_bus import receive
from tests.integration.outbox.consumers.conftest import consumer, group, made_topic, notebook
from tests.support.notebook import Notebook, taken
from tests.support.outbox import eventually, hosted, produce, unique

__all__ = ["consumer", "group", "made_topic", "notebook"]


@pytest.fixture
def bus(kafka_brokers: str) -> Iterator[KafkaBus]:
    made = KafkaBus(kafka_brokers)
    yield made
    made.close()


def make_anew(brokers: str, topic: str) -> None:
    """Delete the topic, and create it again."""
    before = topic_ids(brokers, [topic])
    admin = AdminClient({"bootstrap.servers": brokers})
    admin.delete_topics([topic])[topic].result(20)
    bus = KafkaBus(brokers)

    def is_another() -> bool:
        bus._existing.clear()
        failures = bus.ensure_topics([TopicSpec(name=topic, partitions=3)])
        try:
            return not failures and topic_ids(brokers, [topic]) != before
        except BrokerUnavailable:
            return False

    eventually(is_another)
    bus.close()


def test_its_messages_without_an_id_have_their_effect(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    produce(kafka_brokers, made_topic, taken(1), taken(2))
    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2"])

    make_anew(kafka_brokers, made_topic)
    produce(kafka_brokers, made_topic, taken(3), taken(4))

    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2", "3", "4"])


def test_a_member_that_is_there_all_the_time_notices_when_it_begins_again(
    consumer: Callable[[], ConsumerRunner], notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    with hosted(consumer()):
        produce(kafka_brokers, made_topic, taken(1), taken(2), taken(3))
        eventually(lambda: notebook.numbers == ["1", "2", "3"])

        make_anew(kafka_brokers, made_topic)
        produce(kafka_brokers, made_topic, taken(4), taken(5))

        eventually(lambda: notebook.numbers == ["1", "2", "3", "4", "5"])


def test_a_message_is_the_same_one_at_every_delivery_and_in_a_replay(bus: KafkaBus, kafka_brokers: str) -> None:
    topic = unique("identity")
    bus.ensure_topics([TopicSpec(name=topic, partitions=1)])
    produce(kafka_brokers, topic, (None, b"{}", {}))

    def id_for(group: str) -> Any:
        subscription = bus.subscribe(group, [topic])
        (received,) = receive(subscription, 1)
        subscription.close()
        return event_id_of(received)

    history = bus.history(topic)
    replayed = [event_id_of(one) for batch in history.batches(10) for one in batch]
    history.close()

    assert [id_for(unique("one")), id_for(unique("two"))] == replayed * 2
