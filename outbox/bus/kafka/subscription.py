"""Subscription: a member of a Kafka consumer group, which reads, commits and hands over what it loses.

Above 200 lines, because what it has read, committed and been assigned is one state that librdkafka's callbacks change.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from outbox.bus.base import GroupPlace, IncomingMessage, Partition
from outbox.bus.kafka.config import CONSUMER_CONFIG
from outbox.bus.kafka.incoming import incoming
from outbox.bus.kafka.reading import Reading, TopicIds, nameless
from outbox.bus.kafka.security import is_unlawful
from outbox.exceptions import BrokerUnavailable, SubscriptionClosed

log = structlog.get_logger(__name__)

# Seconds that a group may take to let a member go, and a consumer to close.
LEAVE_TIMEOUT = 10.0
POLL_INTERVAL = 0.05
_HARMLESS = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's own errors begin with an underscore
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


class KafkaSubscription:
    """A member of a Kafka consumer group."""

    def __init__(
        self, client_config: Mapping[str, str], group: str, topics: Sequence[str], *, topic_ids: TopicIds = nameless
    ) -> None:
        self.before_handover: Callable[[Collection[Partition]], None] = lambda _: None
        self.before_commit: Callable[[Sequence[GroupPlace]], bool] = lambda _: True
        self._group = group
        self._assigned: set[Partition] = set()
        self._departed: set[Partition] = set()
        """Partitions that went while the present poll was filling up."""
        self._positions: dict[Partition, int] = {}
        self._reading = Reading(topic_ids)
        self._closed = False
        self._consumer = Consumer(
            {
                **client_config,
                "group.id": group,
                **CONSUMER_CONFIG,
                # It tells where a partition ends, be it with what nobody is given.
                "enable.partition.eof": True,
                "error_cb": self._on_error,
            },
            logger=logging.getLogger("librdkafka"),
        )
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def poll(self, *, limit: int, timeout: float) -> list[IncomingMessage]:
        """See `Subscription`.

        Raises `KafkaException` when the consumer is beyond recovery, and `BrokerUnavailable` when nobody can tell which
        topic the messages are of.
        """
        if self._closed:
            raise SubscriptionClosed(self._group)
        first = self._consumer.poll(timeout)
        if first is None:
            return []
        self._departed.clear()
        # Without a timeout: consume() would wait for a full batch and so delay a single message.
        rest = self._consumer.consume(num_messages=limit - 1, timeout=0) if limit > 1 else []
        # Partitions may be handed over inside consume(), which then returns nothing of them; what poll() has returned
        # belongs to their next owner.
        messages = rest if (first.topic(), first.partition()) in self._departed else [first, *rest]
        return [incoming(message, self._reading.message) for message in messages if self._is_message(message)]

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Subscription`. The broker hears of it in the background; what it may have missed, `close` repeats."""
        held = {
            partition: self._reading.after(partition, offset)
            for partition, offset in positions.items()
            if partition in self._assigned
        }
        if held:
            self._advance(held)

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        if held := self._assigned.intersection(partitions):
            self._consumer.pause([TopicPartition(*partition) for partition in held])

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Subscription`."""
        if held := self._assigned.intersection(partitions):
            self._consumer.resume([TopicPartition(*partition) for partition in held])

    def lag(self) -> Mapping[Partition, int]:
        """See `Subscription`."""
        lag = {}
        for partition in self._assigned & self._positions.keys():
            end = self._reading.end(partition)
            if end is None:
                _, end = self._consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
            if end >= 0:
                lag[partition] = max(0, end - self._positions[partition])
        return lag

    def close(self) -> None:
        """See `Subscription`. Takes at most some `LEAVE_TIMEOUT` seconds."""
        if self._closed:
            return
        self._closed = True
        if self._positions:
            self._commit(self._positions, asynchronous=False)
        self._leave()
        # Whatever the group did not take from it in time is no longer its own either.
        self._assigned.clear()
        # Its group is left, so one whose closing hangs all the same is a loss of threads, and nobody waits for it.
        closing = threading.Thread(target=self._consumer.close, name="kafka-close", daemon=True)
        closing.start()
        closing.join(LEAVE_TIMEOUT)
        if closing.is_alive():
            log.error("a consumer does not close", group=self._group)

    def _leave(self) -> None:
        """Leave the group while callbacks are still served as usual.

        Closing in the middle of a rebalance may hang for ever in librdkafka, where the callback asks for the protocol
        of a group that is no more (confluentinc/librdkafka#4041, #4527), and the whole process with it, because the
        callback holds Python's lock. So everything that waits for this consumer is taken before: an error or a message
        may stand before an assignment.
        """
        self._consumer.unsubscribe()
        deadline = time.monotonic() + LEAVE_TIMEOUT
        while self._is_leaving() and time.monotonic() < deadline:
            pass

    def _is_leaving(self) -> bool:
        taken = self._consumer.poll(POLL_INTERVAL) is not None
        return taken or bool(self._assigned) or bool(self._consumer.memberid())

    def _advance(self, positions: Mapping[Partition, int]) -> None:
        """Tell the broker, unless who is asked before does not want it to be told."""
        try:
            places = self._reading.places(positions)
        except BrokerUnavailable as error:
            log.warning("offsets were not committed", group=self._group, error=str(error))
            return
        if self.before_commit(places):
            self._positions.update(positions)
            self._commit(positions, asynchronous=True)

    def _commit(self, positions: Mapping[Partition, int], *, asynchronous: bool) -> None:
        offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in positions.items()]
        try:
            if asynchronous:
                self._consumer.commit(offsets=offsets)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as exception:
            # The messages come again and the inbox knows them, so this costs work and nothing else.
            log.warning("offsets were not committed", group=self._group, error=exception.args[0].name())

    def _on_error(self, error: KafkaError) -> None:
        """Connections come back by themselves, unless the broker does not let us in."""
        if is_unlawful(error):
            log.error("the broker does not let us in", group=self._group, reason=error.str())

    def _on_assign(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._assigned.update((partition.topic, partition.partition) for partition in partitions)
        log.info("partitions assigned", group=self._group, partitions=_names(partitions))

    def _on_revoke(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        lost = {(partition.topic, partition.partition) for partition in partitions}
        self.before_handover(lost)
        done = {partition: offset for partition, offset in self._positions.items() if partition in lost}
        if done:
            self._commit(done, asynchronous=False)
        self._forget(lost)
        log.info("partitions handed over", group=self._group, partitions=_names(partitions))

    def _on_lost(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        lost = {(partition.topic, partition.partition) for partition in partitions}
        self.before_handover(lost)
        self._forget(lost)
        log.warning("partitions lost", group=self._group, partitions=_names(partitions))

    def _forget(self, lost: set[Partition]) -> None:
        self._assigned -= lost
        self._departed |= lost
        self._reading.forget(lost)
        for partition in lost:
            self._positions.pop(partition, None)

    def _ended(self, partition: Partition, offset: int) -> None:
        if partition not in self._assigned:
            return
        self._reading.ended(partition, offset)
        before = self._positions.get(partition, 0)
        if (now := self._reading.after(partition, before)) > before:
            self._advance({partition: now})

    def _is_message(self, message: Any) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.fatal():
            raise KafkaException(error)
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            self._ended((message.topic(), message.partition()), message.offset())
        elif error.code() not in _HARMLESS:
            log.warning("the broker reports", group=self._group, error=error.name())
        return False


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return [f"{partition.topic}[{partition.partition}]" for partition in partitions]
