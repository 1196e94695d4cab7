"""Kafka bus: the adapter for Apache Kafka, which keeps topics by partition and offset."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from outbox.bus.base import (
    Bus,
    DeliveryFailure,
    GroupPlace,
    Location,
    Offsets,
    OutgoingMessage,
    Partition,
    PartitionLag,
    TopicSpec,
)
from outbox.bus.kafka.cluster import partitions_by_topic, topic_ids
from outbox.bus.kafka.errors import Complaint, failure_of
from outbox.bus.kafka.history import KafkaHistory
from outbox.bus.kafka.offsets import group_lag, group_places, move_group
from outbox.bus.kafka.publisher import DELIVERY_DEADLINE, KafkaPublisher
from outbox.bus.kafka.security import PLAINTEXT, client_config
from outbox.bus.kafka.subscription import KafkaSubscription
from outbox.bus.kafka.timestamps import timestamps
from outbox.bus.keyed_batch import refused_topics
from outbox.conf import KafkaSecurity
from outbox.exceptions import BrokerUnavailable

TOPIC_DEADLINE = 5.0

# A broker that cannot be asked for topics (librdkafka's mock) makes them itself when they are used.
_EXISTS_OR_WILL = frozenset(
    {KafkaError.TOPIC_ALREADY_EXISTS, KafkaError._UNSUPPORTED_FEATURE}  # noqa: SLF001
)
# Said to who may not create topics, whether there is such a topic or not.
_FORBIDDEN = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})


class KafkaBus(Bus):
    """Apache Kafka. One per process; its connections are made when they are needed and anew after a fork."""

    name = "kafka"

    def __init__(
        self, brokers: str, *, security: KafkaSecurity = PLAINTEXT, deadline: float = DELIVERY_DEADLINE
    ) -> None:
        """`brokers` is `host:port`, comma-separated; `deadline` the seconds that a batch may take."""
        self._brokers = brokers
        self._security = security
        self._client_config: Mapping[str, Any] = client_config(brokers, security)
        self._publisher = KafkaPublisher(self._client_config, deadline)
        self._topic_ids = partial(topic_ids, brokers, security=security)
        self._existing: set[str] = set()

    def ping(self, *, timeout: float) -> None:
        """See `Bus`. A broker of the cluster tells who the others are."""
        partitions_by_topic(self._brokers, self._security, timeout=timeout)

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`. Replication is the broker's default."""
        missing = [spec for spec in specs if spec.name not in self._existing]
        if not missing:
            return {}
        admin, complaint = self._admin()
        futures = admin.create_topics(
            [NewTopic(spec.name, num_partitions=spec.partitions) for spec in missing],
            operation_timeout=TOPIC_DEADLINE,
            request_timeout=TOPIC_DEADLINE,
        )
        failures = {}
        for name, future in futures.items():
            try:
                future.result()
            except KafkaException as exception:
                error = exception.args[0]
                if error.code() not in _EXISTS_OR_WILL and not (error.code() in _FORBIDDEN and _exists(admin, name)):
                    # What it has to say of its connections.
                    admin.poll(0)
                    failures[name] = complaint.explain(failure_of(error))
                    continue
            self._existing.add(name)
        return failures

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. Kafka keeps what is published for whoever comes later."""

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`. All of them, but for Kafka's own."""
        admin, complaint = self._admin()
        try:
            found = admin.list_topics(timeout=TOPIC_DEADLINE).topics
        except KafkaException as exception:
            admin.poll(0)
            raise BrokerUnavailable(complaint.explain(failure_of(exception.args[0])).reason) from exception
        return {name: len(topic.partitions) for name, topic in found.items() if not name.startswith("__")}

    def partitions(self, topic: str) -> int | None:
        """See `Bus`."""
        found = partitions_by_topic(self._brokers, self._security).get(topic)
        return None if found is None else len(found)

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`."""
        if self._publisher.warm_up(timeout=TOPIC_DEADLINE):
            self.ensure_topics(specs)

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        results = self._publisher.publish_batch(messages, locations=locations)
        self._existing -= refused_topics(messages, results)
        return results

    def subscribe(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        """See `Bus`."""
        return KafkaSubscription(self._client_config, group, topics, topic_ids=self._topic_ids)

    def lag(self, group: str, topics: Sequence[str]) -> list[PartitionLag]:
        """See `Bus`."""
        return group_lag(self._brokers, group, topics, security=self._security)

    def timestamps(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, int | None]:
        """See `Bus`."""
        return timestamps(self._client_config, offsets) if offsets else {}

    def places(self, group: str, topics: Sequence[str]) -> list[GroupPlace]:
        """See `Bus`."""
        return group_places(self._brokers, group, topics, security=self._security)

    def go_on_at(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """See `Bus`."""
        move_group(self._brokers, group, offsets, security=self._security)

    def history(
        self,
        topic: str,
        *,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        offsets: Offsets | None = None,
    ) -> KafkaHistory:
        """See `Bus`."""
        return KafkaHistory(
            self._client_config,
            topic,
            topic_ids=self._topic_ids,
            from_time=from_time,
            to_time=to_time,
            offsets=offsets,
        )

    def close(self) -> None:
        """See `Bus`."""
        self._publisher.close()

    def _admin(self) -> tuple[AdminClient, Complaint]:
        complaint = Complaint()
        config: dict[str, Any] = {**self._client_config, "log_level": 2, "error_cb": complaint}
        return AdminClient(config), complaint


def _exists(admin: AdminClient, topic: str) -> bool:
    try:
        found = admin.list_topics(topic, timeout=TOPIC_DEADLINE).topics.get(topic)
    except KafkaException:
        return False
    return found is not None and found.error is None
