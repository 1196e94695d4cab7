"""What does an error of Kafka's say about a message? Whether it may be tried again, and whose fault it is."""

from confluent_kafka import KafkaError, KafkaException

from kit import outages
from outbox.bus.base import DeliveryFailure, Failure

PERMANENT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.POLICY_VIOLATION,
    }
)
"""The message is at fault, and always will be."""
REFUSED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - librdkafka's own errors begin with an underscore
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_REQUEST,
        KafkaError.UNSUPPORTED_COMPRESSION_TYPE,
    }
)
"""The broker will not have it for now."""


def is_consequence(error: KafkaError) -> bool:
    """Whether it says nothing of the message itself, and may be what another one's refusal has brought about."""
    return error.code() not in PERMANENT and error.code() not in REFUSED


def failure_of(error: KafkaError) -> DeliveryFailure:
    """What the error means for the message, or for a topic that could not be made."""
    code = error.code()
    kind = Failure.PERMANENT if code in PERMANENT else Failure.REFUSED if code in REFUSED else Failure.OUTAGE
    return DeliveryFailure(failure=kind, reason=f"{error.name()}: {error.str()}")


outages.add(KafkaException, lambda exception: bool(exception.args[0].retriable()))
