"""Timestamps: when messages at given offsets were published, read by a consumer that belongs to no group."""

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, TopicPartition

from outbox.bus.base import Partition
from outbox.bus.kafka.config import CONSUMER_CONFIG

# Seconds for all of them together: whoever asks is a page that has to come in time.
READ_TIMEOUT = 2.0

# One message of each partition is wanted; it comes however large it is.
_ONE_MESSAGE = {"queued.min.messages": 1, "fetch.message.max.bytes": 65_536}


def timestamps(client_config: Mapping[str, Any], offsets: Mapping[Partition, int]) -> dict[Partition, int | None]:
    """As `Bus.timestamps` says."""
    # The name is one that nobody uses: nothing is asked of it or kept for it.
    config = {**client_config, **CONSUMER_CONFIG, **_ONE_MESSAGE, "group.id": "nova-lag", "enable.partition.eof": True}
    found: dict[Partition, int | None] = {}
    awaited = set(offsets)
    deadline = time.monotonic() + READ_TIMEOUT
    consumer = Consumer(config)
    try:
        consumer.assign([TopicPartition(*partition, offset) for partition, offset in offsets.items()])
        while awaited and (message := consumer.poll(max(0.0, deadline - time.monotonic()))):
            partition = (str(message.topic()), int(message.partition() or 0))
            if partition not in awaited:
                continue
            awaited.remove(partition)
            # Or it would be read on while others are waited for.
            consumer.incremental_unassign([TopicPartition(*partition)])
            error = message.error()
            kind, timestamp = message.timestamp() if error is None else (TIMESTAMP_NOT_AVAILABLE, 0)
            if kind != TIMESTAMP_NOT_AVAILABLE:
                found[partition] = timestamp
            elif error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                found[partition] = None
    finally:
        consumer.close()
    return found
