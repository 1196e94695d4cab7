"""A message is looked up by its place at the broker, whoever has sent it."""

from typing import Any

import pytest

from outbox.api import KafkaBus, TopicSpec, event_id_at, place_of
from outbox.bus.base import Location
from outbox.exceptions import BrokerUnavailable
from outbox.journey import finding
from tests.contract.test_bus import message
from tests.support.outbox import unique

EVENT_ID = "01a1fdd2-1692-79ea-be54-c682f3a8f772"


@pytest.fixture
def bus(kafka_brokers: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = KafkaBus(kafka_brokers)
    monkeypatch.setattr(finding, "configured_bus", lambda: made)
    yield made
    made.close()


def test_the_event_at_a_place_is_the_one_that_was_published_there(bus: KafkaBus) -> None:
    topic = unique("places")
    bus.ensure_topics([TopicSpec(name=topic, partitions=2)])
    locations: dict[int, Location] = {}
    sent = [message(topic, f"k{n}", "{}", event_id=EVENT_ID.replace("772", f"{n:03}").encode()) for n in range(20)]
    bus.publish_batch(sent, locations=locations)

    for number, (partition, offset) in locations.items():
        place = place_of(f"{topic}@{partition}:{offset}")
        assert place is not None
        assert str(event_id_at(place)) == EVENT_ID.replace("772", f"{number:03}")

    beyond = place_of(f"{topic}@0:{max(offset for _, offset in locations.values()) + 1}")
    assert beyond is not None
    assert event_id_at(beyond) is None


def test_a_topic_that_is_not_there_is_said_not_to_be(bus: KafkaBus) -> None:
    place = place_of(f"{unique('nowhere')}@0:1")
    assert place is not None
    with pytest.raises(BrokerUnavailable):
        event_id_at(place)


@pytest.mark.parametrize("text", ["", "t", "t@1", "t@:1", "t@1:", "t@-1:1", "t@1:2:3", "a b@1:2", "t@1:½"])
def test_other_texts_are_no_places(text: str) -> None:
    assert place_of(text) is None
