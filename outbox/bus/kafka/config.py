"""Client configuration: what librdkafka's producers and consumers are told, beside where the brokers are."""

from collections.abc import Mapping
from typing import Any

from outbox.bus.base import MAX_MESSAGE_BYTES

PRODUCER_CONFIG: Mapping[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    # After a broker has refused a message, librdkafka goes on with the next one of the partition. This makes it stop.
    "enable.gapless.guarantee": True,
    "compression.type": "snappy",
    "linger.ms": 10,
    "batch.size": 16_384,
    "message.timeout.ms": 5_000,
    "message.max.bytes": MAX_MESSAGE_BYTES + 100_000,
    "queue.buffering.max.kbytes": 131_072,
    "partitioner": "murmur2_random",
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1_000,
    # Retries and refusals are logged where they are decided upon; these are librdkafka's own emergencies.
    "log_level": 2,
}

# For one message at a time, which need not be held in order with others: a refusal does not break this producer.
LONE_PRODUCER_CONFIG: Mapping[str, Any] = {
    **PRODUCER_CONFIG,
    "enable.idempotence": False,
    "enable.gapless.guarantee": False,
    "max.in.flight": 1,
}

CONSUMER_CONFIG: Mapping[str, Any] = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "partition.assignment.strategy": "cooperative-sticky",
    # After kill -9, the group waits for the dead member this long; the least that brokers allow by default.
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 1_500,
    # Of an idle topic; what comes is answered at once. Each group of a process asks for itself.
    "fetch.wait.max.ms": 500,
    # A full queue is looked at again soon, else a fast consumer waits a second for more.
    "fetch.queue.backoff.ms": 20,
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 16_384,
    # New topics that match a pattern are found this soon.
    "topic.metadata.refresh.interval.ms": 2_000,
    "allow.auto.create.topics": False,
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1_000,
    "log_level": 2,
}
