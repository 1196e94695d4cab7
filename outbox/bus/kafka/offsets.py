"""Offsets: where a consumer group goes on and how far it is behind, as the cluster knows it, and how it is moved.

The cluster is asked by clients that never join the group, so that it makes no difference whether a consumer runs.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from outbox.bus.base import GroupPlace, Partition, PartitionLag
from outbox.bus.kafka.cluster import ANSWER_TIMEOUT, admin_client, partitions_by_topic, topic_ids
from outbox.bus.kafka.errors import asking
from outbox.bus.kafka.security import PLAINTEXT, client_config
from outbox.bus.topic_patterns import includes
from outbox.conf import KafkaSecurity
from outbox.exceptions import GroupInUse

SETTLING_POLL_INTERVAL = 0.1
# What a group answers to who is none of its members while it has some.
_IN_USE = frozenset({KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS})
# A broker that has just started, or a group whose books move, knows soon.
_SETTLING = frozenset(
    {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
)


def group_lag(
    brokers: str, group_id: str, topics: Iterable[str], *, security: KafkaSecurity = PLAINTEXT
) -> list[PartitionLag]:
    """The lag of a group on each partition of its topics. Raises `BrokerUnavailable`."""
    partitions = _partitions(brokers, topics, security)
    if not partitions:
        return []
    admin = admin_client(brokers, security)
    with asking(group_id):
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


def group_places(
    brokers: str, group_id: str, topics: Iterable[str], *, security: KafkaSecurity = PLAINTEXT
) -> list[GroupPlace]:
    """Where a group goes on, for each partition of its topics that it has committed. Raises `BrokerUnavailable`."""
    partitions = _partitions(brokers, topics, security)
    if not partitions:
        return []
    with asking(group_id):
        committed = _committed(client_config(brokers, security), group_id, partitions)
    ids = topic_ids(brokers, {topic for topic, _ in committed}, security=security) if committed else {}
    return [
        GroupPlace(topic=topic, partition=number, topic_id=ids[topic], offset=offset)
        for (topic, number), offset in committed.items()
    ]


def move_group(
    brokers: str, group_id: str, offsets: Mapping[Partition, int], *, security: KafkaSecurity = PLAINTEXT
) -> None:
    """Let a group without members go on at these offsets. Raises `GroupInUse` and `BrokerUnavailable`."""
    places = [TopicPartition(topic, number, offset) for (topic, number), offset in offsets.items()]
    with asking(group_id), _lone_consumer(client_config(brokers, security), group_id) as consumer:
        try:
            moved = consumer.commit(offsets=places, asynchronous=False) or []
        except KafkaException as error:
            if error.args[0].code() in _IN_USE:
                raise GroupInUse(group_id) from error
            raise
        for part in moved:
            if part.error:
                raise KafkaException(part.error)


def _partitions(brokers: str, topics: Iterable[str], security: KafkaSecurity) -> list[Partition]:
    patterns = tuple(topics)
    return sorted(
        (name, number)
        for name, numbers in partitions_by_topic(brokers, security).items()
        if includes(patterns, name)
        for number in numbers
    )


def _committed(config: Mapping[str, str], group_id: str, partitions: Sequence[Partition]) -> dict[Partition, int]:
    deadline = time.monotonic() + ANSWER_TIMEOUT
    with _lone_consumer(config, group_id) as consumer:
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


@contextmanager
def _lone_consumer(config: Mapping[str, str], group_id: str) -> Iterator[Consumer]:
    """A consumer that never joins: where a group's coordinator is still settling, the administrator's own question for
    offsets ends the process (confluent-kafka 2.16)."""
    consumer = Consumer({**config, "group.id": group_id, "enable.auto.commit": False, "log_level": 2})
    try:
        yield consumer
    finally:
        consumer.close()


def _offsets(admin: AdminClient, partitions: Sequence[Partition], which: OffsetSpec) -> dict[Partition, int]:
    asked = {TopicPartition(*partition): which for partition in partitions}
    # What stands in open transactions is nothing that a group could have read.
    answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER_TIMEOUT)
    offsets = {}
    for part, answer in answers.items():
        try:
            offsets[part.topic, part.partition] = answer.result().offset
        except KafkaException:
            # Deleted meanwhile, or without a leader for now: nothing is known of it.
            continue
    return offsets
