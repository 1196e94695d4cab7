"""Reading: how far a member has read each partition, of which topic, and where there was nothing more to read.

A name may come to stand for another topic, one that was made anew, whose offsets begin again: then a member is told of
its partitions anew, or reads lower offsets than before. And a partition may end with what nobody is given, the markers
of transactions and what was taken back with them: who has read all that there was has read these too.
"""

from collections.abc import Callable, Collection, Mapping

from outbox.bus.base import GroupPlace, Partition

TopicIds = Callable[[Collection[str]], Mapping[str, str]]
"""The ids of topics. Raises `BrokerUnavailable`."""


def nameless(_: Collection[str]) -> Mapping[str, str]:
    """No topic has an id: names are all that is known."""
    return {}


class Reading:
    """What a member has been given of its partitions. One thread at a time."""

    def __init__(self, topic_ids: TopicIds) -> None:
        self._topic_ids = topic_ids
        self._known: dict[str, str] = {}
        self._latest: dict[str, str] = {}
        """What was last heard of topics, also of such as no message has come from."""
        self._next: dict[Partition, int] = {}
        """The offset after the last message."""
        self._ends: dict[Partition, int] = {}

    def message(self, topic: str, partition: int, offset: int) -> str:
        """Take note of a message; the id of its topic, empty where it has none. Raises `BrokerUnavailable`."""
        place = (topic, partition)
        topic_id = self._known.get(topic)
        if topic_id is None or offset < self._next.get(place, 0):
            topic_id = self._known[topic] = self._latest[topic] = self._topic_ids([topic]).get(topic, "")
        self._next[place] = offset + 1
        return topic_id

    def ended(self, partition: Partition, offset: int) -> None:
        """Take note that there is nothing to read before this offset, at which the partition ends for now."""
        self._ends[partition] = offset

    def end(self, partition: Partition) -> int | None:
        """Where the partition has ended, if nothing has come since."""
        end = self._ends.get(partition)
        return None if end is None or end < self._next.get(partition, 0) else end

    def after(self, partition: Partition, offset: int) -> int:
        """Where a group goes on that is done with what stands before the offset; 0 when it has been given nothing."""
        end = self.end(partition)
        return offset if end is None or offset != self._next.get(partition, 0) else end

    def places(self, positions: Mapping[Partition, int]) -> list[GroupPlace]:
        """The places of a group that has come so far. Raises `BrokerUnavailable`."""
        if unknown := {topic for topic, _ in positions} - self._latest.keys():
            self._latest |= self._topic_ids(unknown)
        return [
            GroupPlace(topic=topic, partition=number, topic_id=self._latest.get(topic, ""), offset=offset)
            for (topic, number), offset in positions.items()
        ]

    def forget(self, partitions: Collection[Partition]) -> None:
        """Begin anew with partitions that go; with a topic once none of its partitions is left."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._ends.pop(partition, None)
        remaining = {topic for topic, _ in self._next}
        self._known = {topic: topic_id for topic, topic_id in self._known.items() if topic in remaining}
        for topic in {topic for topic, _ in partitions} - remaining:
            self._latest.pop(topic, None)
