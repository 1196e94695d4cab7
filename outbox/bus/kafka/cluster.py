"""Cluster: what it says of its topics: their partitions, and which topic it is that bears a name now."""

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from confluent_kafka import TopicCollection, Uuid
from confluent_kafka.admin import AdminClient

from outbox.bus.kafka.errors import asking
from outbox.bus.kafka.security import PLAINTEXT, client_config
from outbox.conf import KafkaSecurity

# Seconds that each of the broker's answers may take.
ANSWER_TIMEOUT = 3.0
NO_ID = str(Uuid(0, 0))


def partitions_by_topic(
    brokers: str, security: KafkaSecurity = PLAINTEXT, *, timeout: float = ANSWER_TIMEOUT
) -> Mapping[str, Sequence[int]]:
    """All topics with their partitions. Raises `BrokerUnavailable`."""
    with asking():
        found = admin_client(brokers, security).list_topics(timeout=timeout).topics
    return {name: sorted(topic.partitions) for name, topic in found.items()}


def topic_ids(brokers: str, topics: Collection[str], *, security: KafkaSecurity = PLAINTEXT) -> Mapping[str, str]:
    """The ids of topics that there are (KIP-516): one that was deleted and made anew has another.

    Empty where the broker gives topics none, as before Kafka 2.8. Raises `BrokerUnavailable`, also for a topic that is
    not there.
    """
    with asking(", ".join(sorted(topics))):
        asked = admin_client(brokers, security).describe_topics(
            TopicCollection(list(topics)), request_timeout=ANSWER_TIMEOUT
        )
        found = {name: str(answer.result().topic_id) for name, answer in asked.items()}
    return {name: "" if topic_id == NO_ID else topic_id for name, topic_id in found.items()}


def admin_client(brokers: str, security: KafkaSecurity) -> AdminClient:
    """The administrator's client of this process, which may be asked by any thread."""
    return _admin_client(brokers, security, os.getpid())


@cache
def _admin_client(brokers: str, security: KafkaSecurity, _pid: int) -> AdminClient:
    # By process number, because librdkafka does not survive a fork.
    # A connection that hangs is given up soon, so that the next question meets a new one.
    hanging = {"socket.timeout.ms": int(ANSWER_TIMEOUT * 1_000)}
    return AdminClient({**client_config(brokers, security), **hanging, "log_level": 2})
