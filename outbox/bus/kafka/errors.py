"""Errors of Kafka: what each says about a message, about the broker, and about who may speak to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException
from msgspec import structs

from kit import outages
from outbox.bus.base import DeliveryFailure, Failure
from outbox.bus.kafka.security import is_unlawful
from outbox.exceptions import BrokerUnavailable

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


class Complaint:
    """Why a broker does not let us in, as far as one has said so: what it does not answer only shows that it is away.

    To be given to a client as its `error_cb`.
    """

    def __init__(self) -> None:
        self.reason = ""

    def __call__(self, error: KafkaError) -> None:
        """Hear an error of a connection."""
        if is_unlawful(error):
            self.reason = error.str()

    def explain(self, failure: DeliveryFailure) -> DeliveryFailure:
        """The failure; where it is an outage, with the complaint."""
        if failure.failure is not Failure.OUTAGE or not self.reason:
            return failure
        return structs.replace(failure, reason=f"{failure.reason}; {self.reason}")


@contextmanager
def asking(what: str = "the cluster") -> Iterator[None]:
    """Ask a broker. Raises `BrokerUnavailable`, which says what was asked, for every `KafkaException`."""
    try:
        yield
    except KafkaException as exception:
        raise BrokerUnavailable(f"{what}: {exception.args[0].str()}") from exception


outages.add(KafkaException, lambda exception: bool(exception.args[0].retriable()))
