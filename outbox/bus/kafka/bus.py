"""How does Nova speak to Kafka? As a producer that never lets a message overtake a failed one of its key."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from outbox.bus.base import MAX_MESSAGE_BYTES, DeliveryFailure, Failure, OutgoingMessage, TopicSpec
from outbox.bus.kafka.errors import PERMANENT, failure_of, is_consequence
from outbox.bus.kafka.security import PLAINTEXT, client_config, is_unlawful
from outbox.bus.kafka.subscription import KafkaSubscription
from outbox.conf import KafkaSecurity
from outbox.exceptions import BrokerUnavailable

# Seconds that a batch may take. Shorter than `message.timeout.ms`, because librdkafka times messages out one by one:
# when the broker comes back in between, a later message is delivered that has overtaken an earlier one. At this
# deadline everything that is undelivered is taken back together.
DELIVERY_DEADLINE = 4.5
TOPIC_DEADLINE = 5.0

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

# A broker that cannot be asked for topics (librdkafka's mock) makes them itself when they are used.
_EXISTS_OR_WILL = frozenset(
    {KafkaError.TOPIC_ALREADY_EXISTS, KafkaError._UNSUPPORTED_FEATURE}  # noqa: SLF001
)
# Said to who may not create topics, whether there is such a topic or not.
_FORBIDDEN = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})

_BLOCKED = DeliveryFailure(failure=Failure.BLOCKED, reason="one before it failed")
_NEVER_WORKED = DeliveryFailure(failure=Failure.OUTAGE, reason="the broker gives the producer no id, or takes it back")
_UNANSWERED = DeliveryFailure(failure=Failure.OUTAGE, reason=f"no answer within {DELIVERY_DEADLINE} s")


class KafkaBus:
    """Apache Kafka. One per process; its connections are made when they are needed and anew after a fork."""

    def __init__(
        self, brokers: str, *, security: KafkaSecurity = PLAINTEXT, deadline: float = DELIVERY_DEADLINE
    ) -> None:
        """`brokers` is `host:port`, comma-separated; `deadline` the seconds that a batch may take."""
        self._client_config: dict[str, Any] = {**client_config(brokers, security)}
        self._deadline = deadline
        self._producer: Producer | None = None
        # Takes the place of one that a refusal has broken: a new one would be given its id after half a second only.
        self._spare: Producer | None = None
        self._lone: Producer | None = None
        self._pid = 0
        self._complaint = ""
        """Why a broker does not let us in, as far as one has said so."""
        self._existing: set[str] = set()

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`. Replication is the broker's default."""
        missing = [spec for spec in specs if spec.name not in self._existing]
        if not missing:
            return {}
        admin = self._admin()
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
                    failures[name] = self._explained(failure_of(error))
                    continue
            self._existing.add(name)
        return failures

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. Kafka keeps what is published for whoever comes later."""

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`. All of them, but for Kafka's own."""
        admin = self._admin()
        try:
            found = admin.list_topics(timeout=TOPIC_DEADLINE).topics
        except KafkaException as exception:
            admin.poll(0)
            raise BrokerUnavailable(self._explained(failure_of(exception.args[0])).reason) from exception
        return {name: len(topic.partitions) for name, topic in found.items() if not name.startswith("__")}

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`. A new idempotent producer has to be given its id first, which takes a young broker a second."""
        producer = self._live_producer()
        self._spare = self._spare or self._new_producer(PRODUCER_CONFIG)
        try:
            producer.list_topics(timeout=TOPIC_DEADLINE)
        except KafkaException:
            return
        self.ensure_topics(specs)

    def publish_batch(self, messages: Sequence[OutgoingMessage]) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        self._complaint = ""
        results, suspects = self._publish(messages, deadline=time.monotonic() + self._deadline)
        if suspects:
            self._publish_one_by_one(messages, suspects, results)
        for message, result in zip(messages, results, strict=True):
            if result and result.failure is Failure.REFUSED:
                self._existing.discard(message.topic)
        return [result and self._explained(result) for result in results]

    def subscribe(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        """See `Bus`."""
        return KafkaSubscription(self._client_config, group, topics)

    def close(self) -> None:
        """See `Bus`."""
        self._producer = self._spare = self._lone = None

    def _publish(
        self, messages: Sequence[OutgoingMessage], *, deadline: float
    ) -> tuple[list[DeliveryFailure | None], list[int]]:
        """The results, and the places of messages that a broker refused together with others of one request."""
        producer = self._live_producer()
        reports: dict[int, KafkaError | None] = {}
        results: list[DeliveryFailure | None] = [None] * len(messages)
        handed_in: list[int] = []
        failed: set[tuple[str, bytes]] = set()
        broken = False
        for place, message in enumerate(messages):
            if (message.topic, message.key) in failed:
                results[place] = _BLOCKED
                continue
            failure = _hand_in(producer, message, partial(_report, reports, place), deadline)
            if failure:
                broken = broken or failure is _BLOCKED
                results[place] = failure
                failed.add((message.topic, message.key))
            else:
                handed_in.append(place)
        intact = _await_reports(producer, deadline)
        suspects = []
        for place in handed_in:
            if place not in reports:
                results[place] = _UNANSWERED if intact else _BLOCKED
                continue
            error = reports[place]
            if error is not None:
                results[place] = failure_of(error) if intact or not is_consequence(error) else _BLOCKED
                if error.code() in PERMANENT:
                    suspects.append(place)
        if broken or any(results[place] for place in handed_in):
            # What it still has in flight may arrive or not; a new producer begins a new sequence behind it.
            self._replace_producer()
        if messages and all(result is _BLOCKED for result in results):
            # Nothing went before: the producer itself cannot work, for instance because it lacks a right.
            results = [_NEVER_WORKED] * len(results)
        return results, suspects

    def _publish_one_by_one(
        self, messages: Sequence[OutgoingMessage], suspects: Sequence[int], results: list[DeliveryFailure | None]
    ) -> None:
        """Find the guilty among messages that were refused together: a broker judges a request as a whole."""
        deadline = time.monotonic() + self._deadline
        failed: set[tuple[str, bytes]] = set()
        for place in suspects:
            message = messages[place]
            if (message.topic, message.key) in failed or time.monotonic() > deadline:
                results[place] = _BLOCKED
                continue
            results[place] = result = self._publish_alone(message, deadline=deadline)
            if result:
                failed.add((message.topic, message.key))

    def _publish_alone(self, message: OutgoingMessage, *, deadline: float) -> DeliveryFailure | None:
        if self._lone is None:
            self._lone = self._new_producer(LONE_PRODUCER_CONFIG)
        reports: dict[int, KafkaError | None] = {}
        if failure := _hand_in(self._lone, message, partial(_report, reports, 0), deadline):
            return failure
        _await_reports(self._lone, deadline)
        if 0 not in reports:
            self._lone = None
            return _UNANSWERED
        error = reports[0]
        return failure_of(error) if error else None

    def _admin(self) -> AdminClient:
        self._complaint = ""
        config: dict[str, Any] = {**self._client_config, "log_level": 2, "error_cb": self._on_error}
        return AdminClient(config)

    def _on_error(self, error: KafkaError) -> None:
        """Errors of connections show in the deliveries; only why we are kept out does not."""
        if is_unlawful(error):
            self._complaint = error.str()

    def _explained(self, failure: DeliveryFailure) -> DeliveryFailure:
        if failure.failure is not Failure.OUTAGE or not self._complaint:
            return failure
        return DeliveryFailure(failure=failure.failure, reason=f"{failure.reason}; {self._complaint}")

    def _live_producer(self) -> Producer:
        # librdkafka's threads do not survive a fork.
        if self._pid != os.getpid():
            self.close()
            self._pid = os.getpid()
        if self._producer is None:
            self._producer = self._new_producer(PRODUCER_CONFIG)
        return self._producer

    def _replace_producer(self) -> None:
        self._producer, self._spare = self._spare, self._spare and self._new_producer(PRODUCER_CONFIG)

    def _new_producer(self, config: Mapping[str, Any]) -> Producer:
        logger = logging.getLogger("librdkafka")
        return Producer({**self._client_config, **config, "error_cb": self._on_error}, logger=logger)


def _exists(admin: AdminClient, topic: str) -> bool:
    try:
        found = admin.list_topics(topic, timeout=TOPIC_DEADLINE).topics.get(topic)
    except KafkaException:
        return False
    return found is not None and found.error is None


def _hand_in(
    producer: Producer, message: OutgoingMessage, report: Callable[..., None], deadline: float
) -> DeliveryFailure | None:
    if len(message.body) > MAX_MESSAGE_BYTES:
        return DeliveryFailure(failure=Failure.PERMANENT, reason=f"larger than {MAX_MESSAGE_BYTES} bytes")
    while True:
        try:
            producer.produce(
                message.topic, value=message.body, key=message.key, headers=list(message.headers), on_delivery=report
            )
        except BufferError:
            if time.monotonic() > deadline:
                return _UNANSWERED
            producer.poll(0.05)
        except KafkaException as exception:
            error = exception.args[0]
            return _BLOCKED if error.fatal() or error.code() == KafkaError._FATAL else failure_of(error)  # noqa: SLF001
        else:
            return None


def _await_reports(producer: Producer, deadline: float) -> bool:
    """Wait for every delivery report; False when the producer broke down because a broker refused something."""
    intact = _flush(producer, deadline)
    if len(producer):
        producer.purge()
        intact = _flush(producer, time.monotonic() + 1.0) and intact
    return intact


def _flush(producer: Producer, deadline: float) -> bool:
    intact = True
    while len(producer) and (remaining := deadline - time.monotonic()) > 0:
        try:
            producer.flush(remaining)
        except (KafkaException, SystemError):
            # The binding raises a fatal error from inside the callback that happens to run (hence SystemError). The
            # reports that are still there follow.
            intact = False
    return intact


def _report(reports: dict[int, KafkaError | None], place: int, error: KafkaError | None, _: Message) -> None:
    reports[place] = error
