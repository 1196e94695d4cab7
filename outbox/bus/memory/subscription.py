"""Subscription: a member of a group of the memory bus."""

from collections.abc import Callable, Collection, Mapping, Sequence

from outbox.bus.base import GroupPlace, IncomingMessage, Partition
from outbox.bus.memory.broker import MemoryBroker
from outbox.bus.topic_patterns import includes
from outbox.exceptions import SubscriptionClosed


class MemorySubscription:
    """See `Subscription`. A partition moves when the member that has it polls the next time."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str]) -> None:
        self.before_handover: Callable[[Collection[Partition]], None] = lambda _: None
        self.before_commit: Callable[[Sequence[GroupPlace]], bool] = lambda _: True
        self._broker = broker
        self._group = group
        self._topics = topics
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._closed = False
        with broker.arrival:
            broker.members[group].append(self)

    def poll(self, *, limit: int, timeout: float) -> list[IncomingMessage]:
        """See `Subscription`."""
        if self._closed:
            raise SubscriptionClosed(self._group)
        self._hand_over(self._positions.keys() - self._assigned())
        with self._broker.arrival:
            self._broker.arrival.wait_for(self._has_messages, timeout)
            return self._take(limit)

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Subscription`."""
        committed = self._broker.committed[self._group]
        committed.update({partition: offset for partition, offset in positions.items() if partition in self._positions})

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        self._paused.update(self._positions.keys() & set(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        self._paused.difference_update(partitions)

    def lag(self) -> Mapping[Partition, int]:
        """See `Subscription`."""
        committed = self._broker.committed[self._group]
        return {
            (topic, number): len(self._broker.logs[topic][number]) - committed.get((topic, number), 0)
            for topic, number in self._positions
        }

    def close(self) -> None:
        """See `Subscription`."""
        if self._closed:
            return
        self._closed = True
        self._hand_over(set(self._positions))
        with self._broker.arrival:
            self._broker.members[self._group].remove(self)

    def _has_messages(self) -> bool:
        self._take_over()
        return any(
            position < len(self._broker.logs[topic][number])
            for (topic, number), position in self._positions.items()
            if (topic, number) not in self._paused
        )

    def _take(self, limit: int) -> list[IncomingMessage]:
        taken: list[IncomingMessage] = []
        for topic, number in sorted(self._positions.keys() - self._paused):
            log = self._broker.logs[topic][number]
            position = self._positions[topic, number]
            batch = log[position : position + limit - len(taken)]
            self._positions[topic, number] = position + len(batch)
            taken += batch
        return taken

    def _take_over(self) -> None:
        committed = self._broker.committed[self._group]
        owned = self._broker.owned[self._group]
        for partition in self._assigned() - self._positions.keys() - owned:
            owned.add(partition)
            self._positions[partition] = committed.get(partition, 0)

    def _hand_over(self, lost: Collection[Partition]) -> None:
        if not lost:
            return
        # Without the lock: what is in hand may publish.
        self.before_handover(lost)
        with self._broker.arrival:
            for partition in lost:
                del self._positions[partition]
            self._paused.difference_update(lost)
            self._broker.owned[self._group].difference_update(lost)
            self._broker.arrival.notify_all()

    def _assigned(self) -> set[Partition]:
        members = self._broker.members[self._group]
        mine = members.index(self)
        partitions = sorted(
            (topic, number)
            for topic, logs in self._broker.logs.items()
            if includes(self._topics, topic)
            for number in range(len(logs))
        )
        return {partition for place, partition in enumerate(partitions) if place % len(members) == mine}
