"""Topic contents: read by a plain consumer that knows nothing of Nova, and emptied for the next test."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from events.api import registry


def everything_on(brokers: str, topic: str) -> list[Message]:
    """All messages, each partition in its order."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "count", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        partitions = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in known]
        held = [consumer.get_watermark_offsets(part, timeout=10) for part in partitions]
        consumer.assign(partitions)
        messages: list[Message] = []
        while missing := sum(end - beginning for beginning, end in held) - len(messages):
            # No more than there are, or it would wait for them.
            batch = consumer.consume(min(missing, 5_000), timeout=10)
            assert batch, f"{missing} messages are missing behind {len(messages)}"
            assert not [message.error() for message in batch if message.error()]
            messages += batch
        return messages
    finally:
        consumer.close()


def header(message: Message, name: str) -> str:
    """The text of a header."""
    value = dict(message.headers() or [])[name]
    assert isinstance(value, bytes)
    return value.decode()


def versions_by_key(messages: Iterable[Message]) -> dict[str, list[int]]:
    """The versions of each key's events as they first appear, in the order of the topic."""
    seen: set[str] = set()
    versions: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        event_id, key = header(message, "event_id"), message.key()
        if event_id not in seen and isinstance(key, bytes):
            seen.add(event_id)
            versions[key.decode()].append(int(header(message, "version")))
    return dict(versions)


def empty_common_topics(brokers: str) -> None:
    """Delete what earlier tests have left on topics whose names no prefix makes a test's own.

    Services hear of each other by them: without this, one test's groups would be given the events of another. The
    topics stay, and so groups that have committed somewhere go on at the end.
    """
    admin = _admin(brokers)
    left = [
        TopicPartition(topic.topic, number, OFFSET_END)
        for topic in admin.list_topics(timeout=10).topics.values()
        if topic.topic in _common_topics()
        for number in topic.partitions
    ]
    for deleted in admin.delete_records(left).values() if left else ():
        deleted.result(timeout=10)


@cache
def _admin(brokers: str) -> AdminClient:
    # It stays when its broker goes, which is nothing to tell.
    return AdminClient({"bootstrap.servers": brokers, "log_level": 0})


@cache
def _common_topics() -> frozenset[str]:
    declared = {topic.name for topic in registry.topics() if "{prefix}" not in topic.name}
    return frozenset(declared.union(*(known.legacy_topics for known in registry)))
