"""Offsets: how far a consumer group is behind, asked of the cluster, which knows it whether a consumer runs or not."""

import time
from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from outbox.bus.base import Partition, PartitionLag
from outbox.bus.kafka.cluster import ANSWER_TIMEOUT, admin_client, partitions_by_topic
from outbox.bus.kafka.errors import asking
from outbox.bus.kafka.security import PLAINTEXT, client_config
from outbox.bus.topic_patterns import includes
from outbox.conf import KafkaSecurity

SETTLING_POLL_INTERVAL = 0.1
# A broker that has just started, or a group whose books move, knows soon.
_SETTLING = frozenset(
    {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
)


def group_lag(
    brokers: str, group_id: str, topics: Iterable[str], *, security: KafkaSecurity = PLAINTEXT
) -> list[PartitionLag]:
    """The lag of a group on each partition of its topics. Raises `BrokerUnavailable`."""
    patterns = tuple(topics)
    partitions = sorted(
        (name, number)
        for name, numbers in partitions_by_topic(brokers, security).items()
        if includes(patterns, name)
        for number in numbers
    )
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
