"""Topic contents: read by a plain consumer that knows nothing of Nova."""

from collections import defaultdict
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition


def everything_on(brokers: str, topic: str) -> list[Message]:
    """All messages, each partition in its order."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "count", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        partitions = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in known]
        ends = {part.partition: consumer.get_watermark_offsets(part, timeout=10)[1] for part in partitions}
        consumer.assign(partitions)
        messages: list[Message] = []
        while missing := sum(ends.values()) - len(messages):
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
