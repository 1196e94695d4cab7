"""RabbitMQ bus: the adapter for RabbitMQ, which has every message confirmed before a later one of its key is sent."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from outbox.bus.base import Bus, DeliveryFailure, Failure, Location, OutgoingMessage, TopicSpec
from outbox.bus.keyed_batch import KeyedBatch, refused_topics
from outbox.bus.no_offsets import WithoutOffsets
from outbox.bus.rabbitmq.publisher import RabbitPublisher
from outbox.bus.rabbitmq.subscription import RabbitSubscription
from outbox.bus.rabbitmq.wire import (
    CHANNEL_ERRORS,
    CONNECTION_ERRORS,
    RabbitAddress,
    connect,
    failure_of,
    rejection,
    unavailable,
)

# Seconds that a batch may take.
DELIVERY_DEADLINE = 4.5

# A key with many messages takes as many rounds; what is left of it begins the next batch.
_LATER = DeliveryFailure(failure=Failure.BLOCKED, reason="the time of its batch was over")

# A connection of the process that this one was forked from. To collect it would shut the parent's socket.
_inherited: list[Any] = []


class RabbitBus(WithoutOffsets, Bus):
    """RabbitMQ. One per process; its connection is made when it is needed and anew after a fork."""

    name = "rabbitmq"

    def __init__(self, address: RabbitAddress, *, deadline: float = DELIVERY_DEADLINE) -> None:
        """`deadline` is the seconds that a batch may take."""
        self._address = address
        self._deadline = deadline
        self._publisher: RabbitPublisher | None = None
        self._pid = 0
        self._used_at = 0.0
        self._existing: set[str] = set()
        self._lock = threading.Lock()

    def ping(self, *, timeout: float) -> None:
        """See `Bus`. By a connection of its own, which meets what the one for messages does not see."""
        try:
            connect(self._address, timeout=timeout).release()
        except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
            raise unavailable(error) from error

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`. How many queues a topic has is for its groups to say; see `topology`."""
        with self._lock:
            missing = [spec.name for spec in specs if spec.name not in self._existing]
            failures = {}
            for name in missing:
                try:
                    self._live_publisher().declare(name)
                except CHANNEL_ERRORS as error:
                    failures[name] = failure_of(Failure.REFUSED, error)
                except CONNECTION_ERRORS as error:
                    self._disconnect()
                    return failures | dict.fromkeys(set(missing) - self._existing, failure_of(Failure.OUTAGE, error))
                else:
                    self._existing.add(name)
            return failures

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. RabbitMQ keeps messages only for queues that are there."""
        with self._asking() as publisher:
            publisher.declare_group(group, topics)

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`. Of those asked for, as AMQP cannot list; and as asked for, as topics have no partitions here."""
        with self._asking() as publisher:
            return {spec.name: spec.partitions for spec in specs if publisher.exists(spec.name)}

    def partitions(self, topic: str) -> int | None:
        """See `Bus`. As many as each group has queues for it, which the settings say."""
        return self._address.partitions

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`."""
        self.ensure_topics(specs)

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """See `Bus`. RabbitMQ numbers no messages: `locations` stays empty.

        Of each key, one message at a time is under way: a message that RabbitMQ hands back, or refuses, does not keep
        it from taking the next one, which would overtake.
        """
        deadline = time.monotonic() + self._deadline
        batch = KeyedBatch(messages)
        stopped: DeliveryFailure | None = None
        with self._lock:
            for wave in batch.waves():
                # What is sent has the rest of the time to be confirmed.
                if deadline - time.monotonic() < self._deadline / 2:
                    stopped = stopped or _LATER
                for place in wave:
                    batch.settle(place, rejection(messages[place]) or stopped)
                if sendable := [place for place in wave if batch.results[place] is None]:
                    outcome, stopped = self._send([messages[place] for place in sendable], deadline)
                    for place, result in zip(sendable, outcome, strict=True):
                        batch.settle(place, result)
        self._existing -= refused_topics(messages, batch.results)
        return batch.results

    def subscribe(self, group: str, topics: Sequence[str]) -> RabbitSubscription:
        """See `Bus`. A new group starts with what is published once it has subscribed: RabbitMQ keeps no past."""
        return RabbitSubscription(self._address, group, topics)

    def close(self) -> None:
        """See `Bus`."""
        with self._lock:
            self._disconnect()

    @contextmanager
    def _asking(self) -> Iterator[RabbitPublisher]:
        """The publisher, for a question. Raises `BrokerUnavailable`."""
        with self._lock:
            try:
                yield self._live_publisher()
            except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
                self._disconnect()
                raise unavailable(error) from error

    def _send(
        self, messages: Sequence[OutgoingMessage], deadline: float
    ) -> tuple[list[DeliveryFailure | None], DeliveryFailure | None]:
        """What has become of a wave, and why no other can be sent behind it, if so."""
        try:
            publisher = self._live_publisher()
        except CONNECTION_ERRORS as error:
            outage = failure_of(Failure.OUTAGE, error)
            return [outage] * len(messages), outage
        outcome = publisher.publish(messages, deadline)
        if publisher.broken:
            # What was under way may have arrived or not. A new connection begins behind it.
            self._disconnect()
        return outcome, publisher.broken

    def _live_publisher(self) -> RabbitPublisher:
        if self._publisher is not None and self._pid != os.getpid():
            _inherited.append(self._publisher)
            self._publisher = None
        now = time.monotonic()
        if self._publisher is not None and now - self._used_at > self._publisher.heartbeat:
            # Nobody sends heartbeats for it, so that the broker closes it after twice this time.
            self._disconnect()
        if self._publisher is None:
            self._publisher = RabbitPublisher(self._address)
            self._pid = os.getpid()
        self._used_at = now
        return self._publisher

    def _disconnect(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        if self._pid != os.getpid():
            _inherited.append(publisher)
        else:
            publisher.close()
