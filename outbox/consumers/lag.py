"""How far is a consumer group behind? The broker is asked, which knows it whether a consumer runs or not."""

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from msgspec import Struct

from outbox.bus.base import Partition
from outbox.bus.kafka.security import PLAINTEXT, client_config
from outbox.conf import KafkaSecurity, outbox_conf
from outbox.handling.handlers import ConsumerGroup

# Seconds that each of the broker's answers may take.
ANSWER_TIMEOUT = 3.0
SETTLING_POLL_INTERVAL = 0.1
# A broker that has just started, or a group whose books move, knows soon.
_SETTLING = frozenset(
    {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
)


class PartitionLag(Struct, frozen=True, kw_only=True):
    """One partition, as a group sees it."""

    topic: str
    partition: int
    committed: int | None
    """Where the group goes on; None when it has never committed, and begins at the earliest."""
    end: int
    """The next offset to be written."""
    lag: int
    """Messages that the group has not committed. Where topics are compacted, at most so many."""


def names_at_broker(group: ConsumerGroup) -> tuple[str, Sequence[str]]:
    """The group's id and topics at the broker, which settings may have changed."""
    conf = outbox_conf()
    return conf.group_id or group.name, conf.topics or group.topics


def lag_of(group: ConsumerGroup) -> list[PartitionLag]:
    """The lag of one of Nova's groups, as the settings place it; nothing where the bus is not Kafka.

    Raises `KafkaException` when the broker does not answer.
    """
    conf = outbox_conf()
    if conf.bus != "kafka":
        return []
    return group_lag(conf.brokers, *names_at_broker(group), security=conf.kafka_security)


def partitions_of(topic: str) -> int | None:
    """How many partitions a topic has at Kafka; None when it is not there. Raises `KafkaException` as `lag_of` does."""
    conf = outbox_conf()
    found = _admin(conf.brokers, conf.kafka_security, os.getpid()).list_topics(timeout=ANSWER_TIMEOUT).topics.get(topic)
    return None if found is None else len(found.partitions)


def group_lag(
    brokers: str, group_id: str, topics: Iterable[str], *, security: KafkaSecurity = PLAINTEXT
) -> list[PartitionLag]:
    """The lag of a group on each partition of its topics; a name that begins with `^` is a pattern.

    Raises `KafkaException` when the broker does not answer.
    """
    admin = _admin(brokers, security, os.getpid())
    patterns = tuple(topics)
    known = admin.list_topics(timeout=ANSWER_TIMEOUT).topics
    partitions = sorted(
        (name, number)
        for name, topic in known.items()
        if any(re.match(pattern, name) if pattern.startswith("^") else pattern == name for pattern in patterns)
        for number in topic.partitions
    )
    if not partitions:
        return []
    committed = _committed(client_config(brokers, security), group_id, partitions)
    ends = _offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    new = [partition for partition in partitions if partition not in committed]
    starts = _offsets(admin, new, OffsetSpec.earliest()) if new else {}  # type: ignore[no-untyped-call]
    return [
        PartitionLag(
            topic=topic,
            partition=number,
            committed=committed.get((topic, number)),
            end=ends[topic, number],
            lag=max(0, ends[topic, number] - committed.get((topic, number), starts.get((topic, number), 0))),
        )
        for topic, number in partitions
        if (topic, number) in ends
    ]


def _committed(config: Mapping[str, str], group_id: str, partitions: Sequence[Partition]) -> dict[Partition, int]:
    # By a consumer that never joins: where a group's coordinator is still settling, the administrator's own question
    # for offsets ends the process (confluent-kafka 2.16).
    consumer = Consumer({**config, "group.id": group_id, "log_level": 2})
    deadline = time.monotonic() + ANSWER_TIMEOUT
    try:
        while True:
            try:
                found = consumer.committed(
                    [TopicPartition(*partition) for partition in partitions], timeout=ANSWER_TIMEOUT
                )
            except KafkaException as error:
                if error.args[0].code() not in _SETTLING or time.monotonic() > deadline:
                    raise
                time.sleep(SETTLING_POLL_INTERVAL)
            else:
                return {(part.topic, part.partition): part.offset for part in found if part.offset >= 0}
    finally:
        consumer.close()


def _offsets(admin: AdminClient, partitions: Sequence[Partition], which: OffsetSpec) -> dict[Partition, int]:
    asked = {TopicPartition(*partition): which for partition in partitions}
    offsets = {}
    for part, answer in admin.list_offsets(asked, request_timeout=ANSWER_TIMEOUT).items():
        try:
            offsets[part.topic, part.partition] = answer.result().offset
        except KafkaException:
            # Deleted meanwhile, or without a leader for now: nothing is known of it.
            continue
    return offsets


@cache
def _admin(brokers: str, security: KafkaSecurity, _pid: int) -> AdminClient:
    # By process number, because librdkafka does not survive a fork.
    return AdminClient({**client_config(brokers, security), "log_level": 2})
