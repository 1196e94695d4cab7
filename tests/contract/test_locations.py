"""Locations: where messages lie that were delivered, as the broker has numbered them."""

import pytest

from outbox.bus.base import MAX_MESSAGE_BYTES, Bus, Location
from tests.contract.test_bus import joined, message, receive


@pytest.mark.parametrize("bus", ["memory", "kafka"], indirect=True)
def test_a_message_is_received_from_where_it_was_said_to_lie(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)
    sent = [message(topic, f"key-{n % 7}", f"body {n}") for n in range(50)]
    locations: dict[int, Location] = {}

    assert bus.publish_batch(sent, locations=locations) == [None] * 50

    received = {m.body: (m.partition, m.offset) for m in receive(subscription, 50)}
    subscription.close()
    assert {sent[place].body: location for place, location in locations.items()} == received


@pytest.mark.parametrize("bus", ["memory", "kafka"], indirect=True)
def test_what_was_refused_lies_nowhere_and_its_neighbours_do(bus: Bus, topic: str) -> None:
    too_large = message(topic, "b", "x" * (MAX_MESSAGE_BYTES + 1))
    sent = [message(topic, "a", "1"), too_large, message(topic, "b", "2"), message(topic, "c", "3")]
    locations: dict[int, Location] = {}

    results = bus.publish_batch(sent, locations=locations)

    assert [result is None for result in results] == [True, False, False, True]
    assert sorted(locations) == [0, 3]


@pytest.mark.parametrize("bus", ["rabbitmq"], indirect=True)
def test_a_broker_that_numbers_no_messages_says_nothing(bus: Bus, topic: str) -> None:
    subscription = joined(bus, topic)
    locations: dict[int, Location] = {}

    assert bus.publish_batch([message(topic, "a", "1")], locations=locations) == [None]

    subscription.close()
    assert locations == {}
