"""Memory bus: an adapter without a server, which records what was published: for tests, and for one process alone.

It passes the same contract suite as Kafka. Failures can be injected with `fail`.
"""

from collections.abc import Callable, Mapping, Sequence
from time import time
from zlib import crc32

from outbox.bus.base import (
    MAX_MESSAGE_BYTES,
    Bus,
    DeliveryFailure,
    Failure,
    IncomingMessage,
    Location,
    OutgoingMessage,
    TopicSpec,
)
from outbox.bus.keyed_batch import KeyedBatch
from outbox.bus.memory.broker import MemoryBroker
from outbox.bus.memory.subscription import MemorySubscription
from outbox.bus.no_offsets import WithoutOffsets
from outbox.exceptions import Unsupported


class MemoryBus(WithoutOffsets, Bus):
    """A broker in memory."""

    name = "memory"

    def __init__(self) -> None:
        self.published: list[OutgoingMessage] = []
        """Every delivered message, in order."""
        self.fail: Callable[[OutgoingMessage], DeliveryFailure | None] = lambda _: None
        """Asked before each delivery; what it answers becomes the result."""
        self._broker = MemoryBroker()

    def ping(self, *, timeout: float) -> None:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported("A bus in memory has no server.")

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`."""
        self.ensure_topics(specs)

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`."""
        with self._broker.arrival:
            for spec in specs:
                self._broker.logs.setdefault(spec.name, [[] for _ in range(spec.partitions)])
        return {}

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. Nothing is lost on anybody."""

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`."""
        return {name: len(partitions) for name, partitions in self._broker.logs.items()}

    def partitions(self, topic: str) -> int | None:
        """See `Bus`."""
        return self.topics([]).get(topic)

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        batch = KeyedBatch(messages, locations)
        with self._broker.arrival:
            for place, message in batch.pending():
                failure = self._rejection(message)
                if failure is None:
                    batch.locate(place, self._append(message))
                batch.settle(place, failure)
            self._broker.arrival.notify_all()
        return batch.results

    def subscribe(self, group: str, topics: Sequence[str]) -> MemorySubscription:
        """See `Bus`."""
        return MemorySubscription(self._broker, group, topics)

    def close(self) -> None:
        """See `Bus`."""

    def _rejection(self, message: OutgoingMessage) -> DeliveryFailure | None:
        if message.topic not in self._broker.logs:
            return DeliveryFailure(failure=Failure.REFUSED, reason="unknown topic")
        if len(message.body) > MAX_MESSAGE_BYTES:
            return DeliveryFailure(failure=Failure.PERMANENT, reason="message too large")
        return self.fail(message)

    def _append(self, message: OutgoingMessage) -> Location:
        logs = self._broker.logs[message.topic]
        partition = crc32(message.key) % len(logs)
        logs[partition].append(
            IncomingMessage(
                topic=message.topic,
                partition=partition,
                offset=len(logs[partition]),
                key=message.key,
                body=message.body,
                headers=message.headers,
                timestamp=int(time() * 1000),
                topic_id=self._broker.topic_ids[message.topic],
            )
        )
        self.published.append(message)
        return partition, len(logs[partition]) - 1
