"""A test's groups are given nothing of earlier tests, also on the topics that no prefix makes a test's own."""

from events.api import registry
from nova.services.media.events import MEDIA
from outbox.api import KafkaBus, TopicSpec
from tests.support.outbox import produce, unique
from tests.support.topics import empty_common_topics, everything_on


def test_what_a_test_leaves_on_a_common_topic_is_gone_for_the_next_one(kafka: KafkaBus, kafka_brokers: str) -> None:
    assert MEDIA in registry.topics()
    own = unique("own")
    kafka.ensure_topics([TopicSpec(name=name, partitions=3) for name in (MEDIA.name, own)])
    for topic in (MEDIA.name, own):
        produce(kafka_brokers, topic, *((str(number).encode(), b"left", {}) for number in range(9)))

    empty_common_topics(kafka_brokers)

    assert everything_on(kafka_brokers, MEDIA.name) == []
    assert len(everything_on(kafka_brokers, own)) == 9
    produce(kafka_brokers, MEDIA.name, (b"key", b"new", {}))
    assert [message.value() for message in everything_on(kafka_brokers, MEDIA.name)] == [b"new"]
    empty_common_topics(kafka_brokers)
