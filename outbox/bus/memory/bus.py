"""A broker in this process's memory, which records what was published: for tests of code that uses the bus.

It passes the same contract suite as Kafka. Failures can be injected with `fail`.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from time import time
from zlib import crc32

from outbox.bus.base import (
    MAX_MESSAGE_BYTES,
    DeliveryFailure,
    Failure,
    IncomingMessage,
    OutgoingMessage,
    Partition,
    TopicSpec,
)


class MemoryBus:
    """A broker in memory."""

    def __init__(self) -> None:
        self.published: list[OutgoingMessage] = []
        """Every delivered message, in order."""
        self.fail: Callable[[OutgoingMessage], DeliveryFailure | None] = lambda _: None
        """Asked before each delivery; what it answers becomes the result."""
        self._logs: dict[str, list[list[IncomingMessage]]] = {}
        self._members: dict[str, list[MemorySubscription]] = defaultdict(list)
        self._owned: dict[str, set[Partition]] = defaultdict(set)
        self._committed: dict[str, dict[Partition, int]] = defaultdict(dict)
        self._arrival = threading.Condition()

    def warm_up(self, specs: Sequence[TopicSpec]) -> None:
        """See `Bus`."""
        self.ensure_topics(specs)

    def ensure_topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, DeliveryFailure]:
        """See `Bus`."""
        with self._arrival:
            for spec in specs:
                self._logs.setdefault(spec.name, [[] for _ in range(spec.partitions)])
        return {}

    def ensure_group(self, group: str, topics: Sequence[str]) -> None:
        """See `Bus`. Nothing is lost on anybody."""

    def topics(self, specs: Sequence[TopicSpec]) -> Mapping[str, int]:
        """See `Bus`."""
        return {name: len(partitions) for name, partitions in self._logs.items()}

    def publish_batch(self, messages: Sequence[OutgoingMessage]) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        results: list[DeliveryFailure | None] = []
        failed: set[tuple[str, bytes]] = set()
        with self._arrival:
            for message in messages:
                if (message.topic, message.key) in failed:
                    failure: DeliveryFailure | None = DeliveryFailure(
                        failure=Failure.BLOCKED, reason="one before failed"
                    )
                else:
                    failure = self._rejection(message)
                if failure:
                    failed.add((message.topic, message.key))
                else:
                    self._append(message)
                results.append(failure)
            self._arrival.notify_all()
        return results

    def subscribe(self, group: str, topics: Sequence[str]) -> "MemorySubscription":
        """See `Bus`."""
        subscription = MemorySubscription(self, group, topics)
        with self._arrival:
            self._members[group].append(subscription)
        return subscription

    def close(self) -> None:
        """See `Bus`."""

    def _rejection(self, message: OutgoingMessage) -> DeliveryFailure | None:
        if message.topic not in self._logs:
            return DeliveryFailure(failure=Failure.REFUSED, reason="unknown topic")
        if len(message.body) > MAX_MESSAGE_BYTES:
            return DeliveryFailure(failure=Failure.PERMANENT, reason="message too large")
        return self.fail(message)

    def _append(self, message: OutgoingMessage) -> None:
        logs = self._logs[message.topic]
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
            )
        )
        self.published.append(message)


class MemorySubscription:
    """A member of a group of the memory bus. A partition moves when the member that has it polls the next time."""

    def __init__(self, bus: MemoryBus, group: str, topics: Sequence[str]) -> None:
        self.before_handover: Callable[[Collection[Partition]], None] = lambda _: None
        self._bus = bus
        self._group = group
        self._topics = topics
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()

    def poll(self, *, limit: int, timeout: float) -> list[IncomingMessage]:
        """See `Subscription`."""
        self._hand_over(self._positions.keys() - self._assigned())
        with self._bus._arrival:  # noqa: SLF001 - the two classes are one broker
            self._bus._arrival.wait_for(self._has_messages, timeout)  # noqa: SLF001
            return self._take(limit)

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Subscription`."""
        committed = self._bus._committed[self._group]  # noqa: SLF001
        committed.update({partition: offset for partition, offset in positions.items() if partition in self._positions})

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        self._paused.update(self._positions.keys() & set(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        self._paused.difference_update(partitions)

    def lag(self) -> Mapping[Partition, int]:
        """See `Subscription`."""
        committed = self._bus._committed[self._group]  # noqa: SLF001
        return {
            (topic, number): len(self._bus._logs[topic][number]) - committed.get((topic, number), 0)  # noqa: SLF001
            for topic, number in self._positions
        }

    def close(self) -> None:
        """See `Subscription`."""
        self._hand_over(set(self._positions))
        with self._bus._arrival:  # noqa: SLF001
            self._bus._members[self._group].remove(self)  # noqa: SLF001

    def _has_messages(self) -> bool:
        self._take_over()
        return any(
            position < len(self._bus._logs[topic][number])  # noqa: SLF001
            for (topic, number), position in self._positions.items()
            if (topic, number) not in self._paused
        )

    def _take(self, limit: int) -> list[IncomingMessage]:
        taken: list[IncomingMessage] = []
        for topic, number in sorted(self._positions.keys() - self._paused):
            log = self._bus._logs[topic][number]  # noqa: SLF001
            position = self._positions[topic, number]
            batch = log[position : position + limit - len(taken)]
            self._positions[topic, number] = position + len(batch)
            taken += batch
        return taken

    def _take_over(self) -> None:
        committed = self._bus._committed[self._group]  # noqa: SLF001
        owned = self._bus._owned[self._group]  # noqa: SLF001
        for partition in self._assigned() - self._positions.keys() - owned:
            owned.add(partition)
            self._positions[partition] = committed.get(partition, 0)

    def _hand_over(self, lost: Collection[Partition]) -> None:
        if not lost:
            return
        # Without the lock: what is in hand may publish.
        self.before_handover(lost)
        with self._bus._arrival:  # noqa: SLF001
            for partition in lost:
                del self._positions[partition]
            self._paused.difference_update(lost)
            self._bus._owned[self._group].difference_update(lost)  # noqa: SLF001
            self._bus._arrival.notify_all()  # noqa: SLF001

    def _assigned(self) -> set[Partition]:
        members = self._bus._members[self._group]  # noqa: SLF001
        mine = members.index(self)
        partitions = sorted(
            (topic, number)
            for topic, logs in self._bus._logs.items()  # noqa: SLF001
            if any(_matches(pattern, topic) for pattern in self._topics)
            for number in range(len(logs))
        )
        return {partition for place, partition in enumerate(partitions) if place % len(members) == mine}


def _matches(pattern: str, topic: str) -> bool:
    return re.match(pattern, topic) is not None if pattern.startswith("^") else pattern == topic
