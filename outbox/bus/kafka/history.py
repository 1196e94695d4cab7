"""History: what a topic keeps between two places, read by a consumer that belongs to no group and commits nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from msgspec import Struct

from outbox.bus.base import IncomingMessage, Offsets
from outbox.bus.kafka.config import CONSUMER_CONFIG
from outbox.bus.kafka.errors import asking
from outbox.bus.kafka.incoming import incoming
from outbox.bus.kafka.reading import TopicIds, nameless
from outbox.exceptions import BrokerUnavailable

# Seconds that the broker may take for an answer, and for the next message.
ANSWER_TIMEOUT = 10.0


class Stretch(Struct, frozen=True, kw_only=True):
    """A part of a partition."""

    partition: int
    start: int
    end: int
    """The first offset behind it."""

    @property
    def length(self) -> int:
        """How many messages there are at most."""
        return max(0, self.end - self.start)


class KafkaHistory:
    """See `History`."""

    def __init__(
        self,
        client_config: Mapping[str, str],
        topic: str,
        *,
        topic_ids: TopicIds = nameless,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        offsets: Offsets | None = None,
    ) -> None:
        """As `Bus.history` says."""
        # The name is one that nobody uses: nothing is asked of it or kept for it.
        config = {
            **client_config,
            **CONSUMER_CONFIG,
            "group.id": "nova-replay",
            "enable.partition.eof": True,
        }
        self._consumer = Consumer(config)
        self._topic = topic
        self._name = f"{topic} at {client_config['bootstrap.servers']}"
        try:
            with asking(self._name):
                self.stretches = self._stretches(from_time, to_time, offsets)
                topic_id = topic_ids([topic]).get(topic, "")
                self._topic_id_of: Callable[[str, int, int], str] = lambda *_: topic_id
        except BrokerUnavailable:
            self.close()
            raise

    @property
    def length(self) -> int:
        """See `History`."""
        return sum(stretch.length for stretch in self.stretches)

    def batches(self, limit: int) -> Iterator[list[IncomingMessage]]:
        """See `History`."""
        with asking(self._name):
            yield from self._batches(limit)

    def close(self) -> None:
        """See `History`."""
        self._consumer.close()

    def _batches(self, limit: int) -> Iterator[list[IncomingMessage]]:
        ends = {stretch.partition: stretch.end for stretch in self.stretches if stretch.length}
        self._consumer.assign(
            [TopicPartition(self._topic, one.partition, one.start) for one in self.stretches if one.length]
        )
        while ends:
            found = self._consumer.consume(limit, timeout=0.2) or self._consumer.consume(1, timeout=ANSWER_TIMEOUT)
            if not found:
                raise BrokerUnavailable(f"{self._name}: the broker sends nothing")
            batch = []
            for message in found:
                number, offset = _place(message)
                if number not in ends:
                    continue
                if offset < ends[number] and not message.error():
                    batch.append(incoming(message, self._topic_id_of))
                if offset + 1 >= ends[number]:
                    del ends[number]
                    self._consumer.incremental_unassign([TopicPartition(self._topic, number)])
            if batch:
                yield batch

    def _stretches(
        self, from_time: datetime | None, to_time: datetime | None, offsets: Offsets | None
    ) -> Sequence[Stretch]:
        topic = self._consumer.list_topics(self._topic, timeout=ANSWER_TIMEOUT).topics[self._topic]
        if topic.error:
            raise KafkaException(topic.error)
        stretches = []
        for number in sorted(topic.partitions if offsets is None else offsets):
            low, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, number), timeout=ANSWER_TIMEOUT
            )
            first, last = (offsets or {}).get(number, (low, None))
            start, end = max(low, first), high if last is None else min(high, last + 1)
            if from_time is not None:
                start = max(start, self._offset_at(number, from_time, high))
            if to_time is not None:
                end = min(end, self._offset_at(number, to_time, high))
            stretches.append(Stretch(partition=number, start=start, end=end))
        return stretches

    def _offset_at(self, number: int, moment: datetime, high: int) -> int:
        """The first offset that is not older than the moment."""
        # No message is older than 1970, and negative times mean other things to Kafka.
        asked = TopicPartition(self._topic, number, max(0, int(moment.timestamp() * 1_000)))
        (found,) = self._consumer.offsets_for_times([asked], timeout=ANSWER_TIMEOUT)
        return int(found.offset) if found.offset >= 0 else high


def _place(message: Any) -> tuple[int, int]:
    """Partition and offset; for errors that concern no partition, which end in silence if they last, none that is."""
    number, offset = message.partition(), message.offset()
    return (-1, -1) if number is None or offset is None else (int(number), int(offset))
