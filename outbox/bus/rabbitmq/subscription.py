"""Subscription: a member of a group, which reads its share of the queues in RabbitMQ and acknowledges what is done.

A queue is read by one member at a time, as an exclusive consumer: two would break the order of its messages. Each
member counts the others, by the consumers of a queue that is there for nothing else, and holds no more than its share;
what it gives back is free for the others, together with whatever it has not acknowledged.

Above 200 lines, because what is in hand, set aside or shared out is one state that each of these steps changes.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from outbox.bus.base import GroupPlace, IncomingMessage, Partition
from outbox.bus.rabbitmq.frames import is_unreadable
from outbox.bus.rabbitmq.queues import Delivery, Queue
from outbox.bus.rabbitmq.topology import (
    dead_letters_name,
    declare_group,
    declare_members,
    declare_queue,
    members_name,
    queue_name,
)
from outbox.bus.rabbitmq.wire import CHANNEL_ERRORS, CONNECTION_ERRORS, RabbitAddress, connect, from_amqp
from outbox.bus.topic_patterns import includes, is_pattern
from outbox.exceptions import QueueMismatch, SubscriptionClosed

log = structlog.get_logger(__name__)

# Messages of one queue that are under way to a member or in its hands.
PREFETCH = 500
# Seconds between two looks at the other members and at the queues.
SURVEY_INTERVAL = 1.0
# Seconds; an immediate look could tear a message apart that has arrived in part.
AT_ONCE = 0.001


class RabbitSubscription:
    """A member of a consumer group."""

    def __init__(self, address: RabbitAddress, group: str, topics: Sequence[str]) -> None:
        self._address = address
        self._group = group
        self._topics = topics
        self._connection: Any = None
        self._control: Any = None
        self._queues: dict[tuple[str, int], Queue] = {}
        self._arrived: deque[tuple[IncomingMessage, Delivery]] = deque()
        self._offsets: dict[Partition, int] = {}
        """The next offset: RabbitMQ numbers no messages, so that they are counted as they come."""
        self._handed_out: dict[Partition, deque[tuple[int, Delivery]]] = {}
        self._paused: set[Partition] = set()
        self._set_aside: dict[Partition, list[tuple[IncomingMessage, Delivery]]] = {}
        """What has arrived of paused partitions; the prefetch keeps it bounded."""
        self._survey_at = 0.0
        self._closed = False
        self.before_handover: Callable[[Collection[Partition]], None] = lambda _: None
        """Called with partitions that are about to go to somebody else, or are gone already: the last moment to
        commit."""
        self.before_commit: Callable[[Sequence[GroupPlace]], bool] = lambda _: True
        """Never asked: no place means anything beyond this connection."""
        # The queues come into being now, so that nothing is missed that is published from here on.
        self._is_connected()

    def poll(self, *, limit: int, timeout: float) -> list[IncomingMessage]:
        """See `Subscription`. A broker that is away is waited for. Raises `QueueMismatch`."""
        if self._closed:
            raise SubscriptionClosed(self._group)
        deadline = time.monotonic() + timeout
        try:
            if not self._is_connected():
                time.sleep(max(0.0, min(deadline - time.monotonic(), SURVEY_INTERVAL)))
                return []
            if time.monotonic() >= self._survey_at:
                self._survey()
            self._receive(limit, deadline)
        except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
            self._lose_connection(error)
        return self._hand_out(limit)

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Subscription`."""
        if self._connection is None:
            return
        done: dict[Queue, list[int]] = {}
        for partition, position in positions.items():
            handed_out = self._handed_out.get(partition, deque())
            while handed_out and handed_out[0][0] < position:
                _, delivery = handed_out.popleft()
                done.setdefault(delivery.queue, []).append(delivery.tag)
        try:
            for queue, tags in done.items():
                queue.acknowledge(tags)
        except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
            # The next poll meets the same, and begins anew.
            log.warning("messages were not acknowledged", group=self._group, error=type(error).__name__)

    def pause(self, partitions: Collection[Partition]) -> None:
        """Let polls return nothing of these until `resume`, or until they are lost."""
        self._paused.update(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        """Go on with these where the polls have stopped."""
        self._paused.difference_update(partitions)
        for partition in partitions:
            self._arrived.extendleft(reversed(self._set_aside.pop(partition, [])))

    def reject(self, message: IncomingMessage) -> None:
        """Give a message that was received to the group's dead letters at the broker."""
        handed_out = self._handed_out.get((message.topic, message.partition), deque())
        for place, (offset, delivery) in enumerate(handed_out):
            if offset == message.offset:
                del handed_out[place]
                delivery.queue.reject(delivery.tag)
                return

    def lag(self) -> Mapping[Partition, int]:
        """See `Subscription`. By queue; that of a pattern counts for the pattern."""
        return {place: queue.waiting + len(queue.unacknowledged) for place, queue in self._queues.items()}

    def close(self) -> None:
        """See `Subscription`. What is not acknowledged goes back to the place in its queue where it was."""
        self._closed = True
        self._forget_everything()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*CONNECTION_ERRORS, *CHANNEL_ERRORS):
                connection.release()

    def _is_connected(self) -> bool:
        if self._connection is None:
            try:
                self._connection = connect(self._address)
                self._join()
            except (*CONNECTION_ERRORS, *CHANNEL_ERRORS) as error:
                self._lose_connection(error)
            except QueueMismatch as mismatch:
                # Not to be waited for: somebody has to act.
                self._lose_connection(mismatch)
                raise
        return self._connection is not None

    def _join(self) -> None:
        self._control = self._connection.channel()
        for topic in self._topics:
            declare_group(self._control, self._group, topic, self._address.partitions)
            self._control.basic_consume(members_name(self._group, topic), no_ack=True, callback=_ignore)
        self._survey()

    def _survey(self) -> None:
        """Look at the queues and the other members; take what is free and due, give back what is more than due."""
        for topic in self._topics:
            members = declare_members(self._control, self._group, topic)
            share = math.ceil(self._address.partitions / max(1, members))
            held = [queue for queue in self._queues.values() if queue.topic == topic]
            for queue in held[share:]:
                self._give_back(queue)
            free = share - len(held)
            for number in range(self._address.partitions):
                waiting, consumers = declare_queue(self._control, self._group, topic, number)
                if mine := self._queues.get((topic, number)):
                    mine.waiting = waiting
                elif consumers == 0 and free > 0:
                    free -= self._take(topic, number, waiting)
        self._survey_at = time.monotonic() + SURVEY_INTERVAL

    def _take(self, topic: str, number: int, waiting: int) -> bool:
        channel = self._connection.channel()
        channel.basic_qos(0, PREFETCH, a_global=False)
        queue = Queue(channel, topic, number, waiting=waiting)
        self._queues[topic, number] = queue
        name = queue_name(self._group, topic, number)
        try:
            channel.basic_consume(name, exclusive=True, callback=lambda received: self._on_delivery(queue, received))
        except CHANNEL_ERRORS:
            # Another member was faster.
            del self._queues[topic, number]
            return False
        log.info("queue taken", group=self._group, queue=name)
        return True

    def _give_back(self, queue: Queue) -> None:
        lost = {partition for partition, all_ in self._handed_out.items() if any(one[1].queue is queue for one in all_)}
        lost.add((queue.topic, queue.number))
        self.before_handover(lost)
        self._paused -= lost
        del self._queues[queue.topic, queue.number]
        self._arrived = deque(one for one in self._arrived if one[1].queue is not queue)
        for partition, aside in self._set_aside.items():
            self._set_aside[partition] = [one for one in aside if one[1].queue is not queue]
        for partition, handed_out in self._handed_out.items():
            self._handed_out[partition] = deque(one for one in handed_out if one[1].queue is not queue)
        # The broker puts back what the channel has not acknowledged.
        queue.channel.close()
        log.info("queue given back", group=self._group, queue=queue_name(self._group, queue.topic, queue.number))

    def _on_delivery(self, queue: Queue, received: Any) -> None:
        tag = received.delivery_info["delivery_tag"]
        queue.waiting = max(0, queue.waiting - 1)
        if is_unreadable(received):
            self._give_up(queue, tag)
            return
        queue.unacknowledged.add(tag)
        topic = received.delivery_info["exchange"] or queue.topic
        if is_pattern(queue.topic) and not includes([queue.topic], topic):
            queue.acknowledge([tag])
            return
        offset = self._offsets.get((topic, queue.number), 0)
        self._offsets[topic, queue.number] = offset + 1
        message = from_amqp(received, source=queue.topic, partition=queue.number, offset=offset)
        self._arrived.append((message, Delivery(queue, tag)))

    def _give_up(self, queue: Queue, tag: int) -> None:
        queue.reject(tag)
        log.error(
            "a message with unreadable properties goes to the group's dead letters at the broker",
            group=self._group,
            queue=queue_name(self._group, queue.topic, queue.number),
            dead_letters=dead_letters_name(self._group),
        )

    def _receive(self, limit: int, deadline: float) -> None:
        """Wait for the first message until the deadline; of further ones, take what is there."""
        self._connection.heartbeat_check()
        while len(self._arrived) < limit:
            patience = AT_ONCE if self._arrived else min(deadline, self._survey_at) - time.monotonic()
            try:
                self._connection.drain_events(timeout=max(AT_ONCE, patience))
            except TimeoutError:
                return

    def _hand_out(self, limit: int) -> list[IncomingMessage]:
        messages: list[IncomingMessage] = []
        while self._arrived and len(messages) < limit:
            message, delivery = self._arrived.popleft()
            if (message.topic, message.partition) in self._paused:
                self._set_aside.setdefault((message.topic, message.partition), []).append((message, delivery))
                continue
            self._handed_out.setdefault((message.topic, message.partition), deque()).append((message.offset, delivery))
            messages.append(message)
        return messages

    def _lose_connection(self, error: Exception) -> None:
        log.warning("the connection to RabbitMQ is lost", group=self._group, error=type(error).__name__)
        # From here on, nothing that it brought can be acknowledged.
        connection, self._connection = self._connection, None
        self._forget_everything()
        if connection is not None:
            connection.collect(socket_timeout=0.5)

    def _forget_everything(self) -> None:
        """All that is not acknowledged comes again."""
        if lost := self._handed_out.keys() | self._queues.keys():
            self.before_handover(lost)
        self._paused.clear()
        self._set_aside = {}
        self._queues = {}
        self._arrived.clear()
        self._handed_out = {}


def _ignore(_: Any) -> None:
    """Nobody writes to a queue of members."""
