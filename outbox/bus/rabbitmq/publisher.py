"""Publisher: a connection to RabbitMQ with a channel on which the broker confirms what it has taken."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from outbox.bus.base import DeliveryFailure, Failure, OutgoingMessage
from outbox.bus.rabbitmq.topology import declare_group, declare_topic
from outbox.bus.rabbitmq.wire import (
    CHANNEL_ERRORS,
    CONNECTION_ERRORS,
    RabbitAddress,
    connect,
    failure_of,
    key_of,
    routing_key,
    to_amqp,
)

_UNANSWERED = DeliveryFailure(failure=Failure.OUTAGE, reason="no confirm in time")
_UNROUTABLE = DeliveryFailure(failure=Failure.REFUSED, reason="no queue is bound to the topic for this event type")
_NACKED = DeliveryFailure(failure=Failure.REFUSED, reason="the broker refused it (nack)")
_UNKNOWN_TOPIC = DeliveryFailure(failure=Failure.REFUSED, reason="unknown topic")


class RabbitPublisher:
    """Sends waves of messages, and makes what they are sent to. Used by one thread at a time."""

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
            self.broken = failure_of(Failure.OUTAGE, error)
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
