"""How does Nova speak to RabbitMQ? As a publisher that has every message confirmed, and no later one of its key sent
before that.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage, TopicSpec
from outbox.bus.rabbitmq.subscription import RabbitSubscription
from outbox.bus.rabbitmq.topology import declare_group, declare_topic
from outbox.bus.rabbitmq.wire import (
    CHANNEL_ERRORS,
    CONNECTION_ERRORS,
    RabbitAddress,
    connect,
    key_of,
    rejection,
    routing_key,
    to_amqp,
)
from outbox.exceptions import BrokerUnavailable

log = structlog.get_logger(__name__)

# Seconds that a batch may take.
DELIVERY_DEADLINE = 4.5

_BLOCKED = DeliveryFailure(failure=Failure.BLOCKED, reason="one before it failed")
# A key with many messages takes as many rounds; what is left of it begins the next batch.
_LATER = DeliveryFailure(failure=Failure.BLOCKED, reason="the time of its batch was over")
_UNANSWERED = DeliveryFailure(failure=Failure.OUTAGE, reason="no confirm in time")
_UNROUTABLE = DeliveryFailure(failure=Failure.REFUSED, reason="no queue is bound to the topic for this event type")
_NACKED = DeliveryFailure(failure=Failure.REFUSED, reason="the broker refused it (nack)")
_UNKNOWN_TOPIC = DeliveryFailure(failure=Failure.REFUSED, reason="unknown topic")

# A connection of the process that this one was forked from. To collect it would shut the parent's socket.
_inherited: list[Any] = []


class RabbitBus:
    """RabbitMQ. One per process; its connection is made when it is needed and anew after a fork."""

    def __init__(self, address: RabbitAddress, *, deadline: float = DELIVERY_DEADLINE) -> None:
        """`deadline` is the seconds that a batch may take."""
        self._address = address
        self._deadline = deadline
        self._publisher: _Publisher | None = None
        self._pid = 0
        self._used_at = 0.0
        self._existing: set[str] = set()
        self._lock = threading.Lock()

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`. How many queues a topic has is for its groups to say; see `rabbitmq_topology`."""
        with self._lock:
            missing = [spec.name for spec in specs if spec.name not in self._existing]
            failures = {}
            for name in missing:
                try:
                    self._live_publisher().declare(name)
                except CHANNEL_ERRORS as error:
                    failures[name] = _failure(Failure.REFUSED, error)
                except CONNECTION_ERRORS as error:
                    self._disconnect()
                    return failures | dict.fromkeys(set(missing) - self._existing, _failure(Failure.OUTAGE, error))
                else:
                    self._existing.add(name)
            return failures

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. RabbitMQ keeps messages only for queues that are there."""
        with self._lock:
            try:
                self._live_publisher().declare_group(group, topics)
            except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
                self._disconnect()
                raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`. Of those asked for, as AMQP cannot list; and as asked for, as topics have no partitions here."""
        with self._lock:
            try:
                publisher = self._live_publisher()
                return {spec.name: spec.partitions for spec in specs if publisher.exists(spec.name)}
            except CONNECTION_ERRORS as error:
                self._disconnect()
                raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`."""
        self.ensure_topics(specs)

    def publish_batch(self, messages: Sequence[OutgoingMessage]) -> list[DeliveryFailure | None]:
        """See `Bus`.

        Of each key, one message at a time is under way: a message that RabbitMQ hands back, or refuses, does not keep
        it from taking the next one, which would overtake.
        """
        deadline = time.monotonic() + self._deadline
        batch = _Batch(messages)
        with self._lock:
            while batch.waiting:
                # What is sent has the rest of the time to be confirmed.
                if deadline - time.monotonic() < self._deadline / 2:
                    batch.fail_rest([], _LATER)
                    break
                wave = batch.next_wave()
                try:
                    publisher = self._live_publisher()
                except CONNECTION_ERRORS as error:
                    batch.fail_rest(wave, _failure(Failure.OUTAGE, error))
                    break
                batch.settle(wave, publisher.publish([messages[place] for place in wave], deadline))
                if publisher.broken:
                    # What was under way may have arrived or not. A new connection begins behind it.
                    self._disconnect()
                    batch.fail_rest([], publisher.broken)
                    break
        for message, result in zip(messages, batch.results, strict=True):
            if result and result.failure is Failure.REFUSED:
                self._existing.discard(message.topic)
        return batch.results

    def subscribe(self, group: str, topics: Sequence[str]) -> RabbitSubscription:
        """See `Bus`. A new group starts with what is published once it has subscribed: RabbitMQ keeps no past."""
        return RabbitSubscription(self._address, group, topics)

    def close(self) -> None:
        """See `Bus`."""
        with self._lock:
            self._disconnect()

    def _live_publisher(self) -> "_Publisher":
        if self._publisher is not None and self._pid != os.getpid():
            _inherited.append(self._publisher)
            self._publisher = None
        now = time.monotonic()
        if self._publisher is not None and now - self._used_at > self._publisher.heartbeat:
            # Nobody sends heartbeats for it, so that the broker closes it after twice this time.
            self._disconnect()
        if self._publisher is None:
            self._publisher = _Publisher(self._address)
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


class _Batch:
    """Which messages of a batch may be sent, and what has become of the others."""

    def __init__(self, messages: Sequence[OutgoingMessage]) -> None:
        self.results: list[DeliveryFailure | None] = [rejection(message) for message in messages]
        self.waiting: dict[tuple[str, bytes], deque[int]] = {}
        """Places by topic and key."""
        failed: set[tuple[str, bytes]] = set()
        for place, message in enumerate(messages):
            key = (message.topic, message.key)
            if key in failed:
                self.results[place] = _BLOCKED
            elif self.results[place]:
                failed.add(key)
            else:
                self.waiting.setdefault(key, deque()).append(place)
        self._keys = {place: key for key, places in self.waiting.items() for place in places}

    def next_wave(self) -> list[int]:
        """The next place of each key, in the order of the batch."""
        wave = sorted(places.popleft() for places in self.waiting.values())
        self.waiting = {key: places for key, places in self.waiting.items() if places}
        return wave

    def settle(self, wave: Sequence[int], outcome: Sequence[DeliveryFailure | None]) -> None:
        """Note what has become of a wave; behind a failure, its key goes no further."""
        for place, failure in zip(wave, outcome, strict=True):
            self.results[place] = failure
            if failure:
                for later in self.waiting.pop(self._keys[place], ()):
                    self.results[later] = _BLOCKED

    def fail_rest(self, wave: Sequence[int], failure: DeliveryFailure) -> None:
        """Nothing more is sent."""
        self.settle(wave, [failure] * len(wave))
        for places in self.waiting.values():
            first, *later = places
            self.results[first] = failure
            for place in later:
                self.results[place] = _BLOCKED
        self.waiting = {}


class _Publisher:
    """A connection with a channel on which the broker confirms what it has taken."""

    def __init__(self, address: RabbitAddress) -> None:
        """Raises one of `CONNECTION_ERRORS`."""
        self._partitions = address.partitions
        self._connection = connect(address)
        self.heartbeat = float(self._connection.connection.heartbeat)
        """Seconds within which the broker wants to hear something, as agreed with it."""
        self._channel: Any = None
        self._known: set[str] = set()
        self._sent = 0
        self._unconfirmed: dict[int, int] = {}
        """Number of the confirm to place in the wave."""
        self._outcome: list[DeliveryFailure | None] = []
        self._places: dict[tuple[str, bytes], int] = {}
        self.broken: DeliveryFailure | None = None
        """Why it can be used no more, if so."""

    def declare(self, topic: str) -> None:
        """Make a topic. Raises one of `CHANNEL_ERRORS` when the broker refuses."""
        channel = self._connection.channel()
        declare_topic(channel, topic)
        channel.close()

    def declare_group(self, group: str, topics: Sequence[str]) -> None:
        """Make a group's queues."""
        channel = self._connection.channel()
        for topic in topics:
            declare_group(channel, group, topic, self._partitions)
        channel.close()

    def publish(self, messages: Sequence[OutgoingMessage], deadline: float) -> list[DeliveryFailure | None]:
        """Send them all, no two of one topic and key, and wait for every confirm; see `broken` afterwards."""
        self._outcome = [_UNANSWERED] * len(messages)
        self._places = {(message.topic, message.key): place for place, message in enumerate(messages)}
        self.broken = None
        try:
            self._send(messages)
            self._await_confirms(deadline)
        except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
            self.broken = _failure(Failure.OUTAGE, error)
        else:
            self.broken = _UNANSWERED if self._unconfirmed else None
        return [self.broken if result is _UNANSWERED else result for result in self._outcome]

    def close(self) -> None:
        """Let go of the connection, without waiting for a broker that may be away."""
        self._connection.collect(socket_timeout=0.5)

    def _send(self, messages: Sequence[OutgoingMessage]) -> None:
        existing = {topic for topic in {message.topic for message in messages} if self.exists(topic)}
        channel = self._live_channel()
        for place, message in enumerate(messages):
            if message.topic not in existing:
                self._outcome[place] = _UNKNOWN_TOPIC
                continue
            self._sent += 1
            self._unconfirmed[self._sent] = place
            channel.basic_publish(
                to_amqp(channel, message, self._partitions),
                exchange=message.topic,
                routing_key=routing_key(message),
                mandatory=True,
            )

    def _await_confirms(self, deadline: float) -> None:
        while self._unconfirmed and (remaining := deadline - time.monotonic()) > 0:
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=remaining)

    def exists(self, topic: str) -> bool:
        """Whether there is such a topic: to publish without one would break the channel, and all under way on it."""
        if topic not in self._known:
            channel = self._connection.channel()
            try:
                channel.exchange_declare(topic, "topic", passive=True, auto_delete=False)
            except CHANNEL_ERRORS:
                return False
            channel.close()
            self._known.add(topic)
        return True

    def _live_channel(self) -> Any:
        if self._channel is None:
            channel = self._connection.channel()
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._channel = channel
        return self._channel

    def _on_ack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 - called by py-amqp
        for place in self._confirmed(number, multiple=multiple):
            if self._outcome[place] is _UNANSWERED:
                self._outcome[place] = None

    def _on_nack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 - called by py-amqp
        for place in self._confirmed(number, multiple=multiple):
            self._outcome[place] = _NACKED

    def _on_return(self, _error: Exception, exchange: str, _routing_key: str, message: Any) -> None:
        """A message that no queue wants comes back before its confirm, and says which it was."""
        self._outcome[self._places[exchange, key_of(message) or b""]] = _UNROUTABLE

    def _confirmed(self, number: int, *, multiple: bool) -> list[int]:
        numbers = [one for one in self._unconfirmed if one <= number] if multiple else [number]
        return [self._unconfirmed.pop(one) for one in numbers]


def _failure(kind: Failure, error: Exception) -> DeliveryFailure:
    return DeliveryFailure(failure=kind, reason=f"{type(error).__name__}: {error}"[:500])
