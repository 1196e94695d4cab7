"""Partition queues: a consumer's partitions are worked off beside each other, each in its order, by a few threads.

Threads belong to no queue. They take the one that has waited longest, do one step of it and put it back, so that a
partition that is slow, or waits for a message to be tried again, holds up no other one. Queues that are known as quick
are taken together, up to a full batch, in one transaction: that costs more than a message, and messages of one moment
lie in many partitions. One thread does it all as long as it keeps up, because threads of one process are in each
other's way; when a queue waits too long, another one helps, if the process has a database connection left for it.

Above 200 lines, because queues and threads are one state under one lock.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import structlog
from django.db import connection, connections

from kit.pacing.gathering import Gathering
from kit.pacing.retry import RetryPolicy
from kit.postgresql.connections import use_own_connection
from outbox.bus.base import IncomingMessage, Partition
from outbox.consumers.batch import Effect, take_together
from outbox.consumers.connection_budget import ConnectionBudget
from outbox.consumers.partition_queue import InHand, PartitionQueue

log = structlog.get_logger(__name__)

# Seconds after which a thread without work ends and gives its database connection back.
IDLE_TIMEOUT = 60.0
# The same while no connection is left for a thread of another consumer.
SPENT_IDLE_TIMEOUT = 0.5
# A queue with more batches, or bytes, waiting takes no more for now.
MAX_BATCHES, MAX_BYTES = 4, 16_000_000
# While so many batches wait for a thread, reading more helps nobody. Letting full partitions rest instead would throw
# away what the client has fetched of them ahead.
ENOUGH_BATCHES = 2
# Seconds that a queue may wait for a thread before there is one more.
MAX_WAIT = 0.003
# A batch of so great a part of the most is large enough.
ENOUGH_OF_BATCH = 0.25


class PartitionQueues:
    """The queues of a consumer. One thread feeds and asks; threads of its own do the work."""

    def __init__(
        self,
        effect: Effect,
        policy: RetryPolicy,
        *,
        threads: int,
        budget: ConnectionBudget,
        batch: int,
        is_paused: Callable[[Partition], bool] = lambda _: False,
        is_alone: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`threads` work at most, all but the first within the `budget`; `batch` is the most messages of one step.

        What `is_paused` is left alone; a change of that is to be told by `recheck`. Partitions of topics for which
        `is_alone` are never taken together with others.
        """
        self._effect = effect
        self._policy = policy
        self._max_threads = threads
        self._budget = budget
        self.batch = batch
        """Most messages of one step; may be changed at any time."""
        self._is_paused = is_paused
        self._is_alone = is_alone
        self._gathering = Gathering()
        self._queues: dict[Partition, PartitionQueue] = {}
        # Those that have something to do; the one that has waited longest comes first.
        self._line: dict[Partition, PartitionQueue] = {}
        self._threads = 0
        self._busy = 0
        self._closed = False
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self.failure: Exception | None = None
        """What broke a thread down; the consumer is to be started again."""

    def feed(self, messages: Iterable[IncomingMessage]) -> None:
        """Let messages take effect, each partition in its order."""
        now = time.monotonic()
        with self._work:
            self._add(messages, now)
            self._wake(now)

    def progress(self) -> Mapping[Partition, int]:
        """Up to where partitions have come since the last time somebody asked: the next offset of each."""
        with self._work:
            positions = ((queue.partition, queue.progress()) for queue in self._queues.values())
            return {partition: position for partition, position in positions if position is not None}

    def partitions(self) -> Collection[Partition]:
        """Those that anything has come from."""
        with self._work:
            return set(self._queues)

    def full(self, before: Collection[Partition]) -> set[Partition]:
        """Those that should be given no more for now; one that was full `before` stays so until little is left."""
        with self._work:
            return {
                queue.partition
                for queue in self._queues.values()
                if queue.bytes > MAX_BYTES
                or len(queue.waiting) >= self.batch * (1 if queue.partition in before else MAX_BATCHES)
            }

    def release(self, partitions: Collection[Partition], *, within: float) -> Mapping[Partition, int]:
        """Forget what waits, and wait for what is in hand; up to where the partitions have come then."""
        with self._work:
            released = [self._queues.pop(partition) for partition in partitions if partition in self._queues]
            for queue in released:
                self._line.pop(queue.partition, None)
            if not self._settled.wait_for(lambda: not any(queue.in_hand for queue in released), within):
                late = [queue.partition for queue in released if queue.in_hand]
                log.warning("partitions go before what is in hand is done; it comes again", partitions=late)
            return {queue.partition: queue.position for queue in released if queue.position is not None}

    def in_hand(self) -> list[InHand]:
        """What threads are doing."""
        with self._work:
            return [queue.in_hand for queue in self._queues.values() if queue.in_hand]

    def is_behind(self) -> bool:
        """Whether a queue waits for a thread, or for its next attempt: then `feed` or `recheck` are wanted soon."""
        with self._work:
            free = (queue for queue in self._line.values() if queue.in_hand is None)
            return any(not self._is_paused(queue.partition) for queue in free)

    def await_need(self, within: float) -> None:
        """Wait until the threads can do with more, so long as there is a queue that waits for one of them."""
        with self._work:
            self._settled.wait_for(lambda: not self._has_enough(), within)

    def gather(self, first: Sequence[IncomingMessage]) -> bool:
        """Wait a moment for what comes together with the first messages, while batches are small and slow.

        Whether it was waited; the first ones are fed then, but no thread has been told.
        """
        with self._work:
            began = time.monotonic()
            pause = self._gathering.pause(began)
            if not pause or len(first) >= ENOUGH_OF_BATCH * self.batch:
                return False
            # As if they came then: that they wait is no reason for another thread.
            self._add(first, began + pause)
            # While the threads are busy, more comes anyhow.
            self._settled.wait_for(lambda: not self._busy, self._gathering.longest)
        if (pause := began + pause - time.monotonic()) > 0:
            time.sleep(pause)
        return True

    def recheck(self) -> None:
        """Partitions may no longer be paused, or have waited too long."""
        with self._work:
            self._wake(time.monotonic())

    def close(self) -> None:
        """Let the threads end once they have done what they have in hand."""
        with self._work:
            self._closed = True
            self._work.notify_all()

    def _ready(self, now: float) -> Iterator[PartitionQueue]:
        line = self._line.values()
        return (queue for queue in line if queue.is_ready(now) and not self._is_paused(queue.partition))

    def _has_enough(self) -> bool:
        return sum(len(queue.waiting) for queue in self._ready(time.monotonic())) >= ENOUGH_BATCHES * self.batch

    def _add(self, messages: Iterable[IncomingMessage], now: float) -> None:
        for message in messages:
            partition = (message.topic, message.partition)
            queue = self._queues.get(partition)
            if queue is None:
                queue = self._queues[partition] = PartitionQueue(partition, self._effect, self._policy)
            queue.feed(message, now)
            self._line.setdefault(partition, queue)

    def _wake(self, now: float) -> None:
        """Let there be a thread for the queues that are ready; one more when one of them has waited too long."""
        waiting_since = min((max(queue.since, queue.due) for queue in self._ready(now)), default=None)
        if waiting_since is None or (self._busy and now - waiting_since < MAX_WAIT):
            return
        if self._threads > self._busy:
            self._work.notify()
        elif self._threads < self._max_threads and (not self._threads or self._budget.take()):
            self._threads += 1
            threading.Thread(target=self._run, name="partition-queues", daemon=True).start()

    def _run(self) -> None:
        use_own_connection()
        try:
            while queues := self._next():
                self._step(queues)
        finally:
            connection.close()

    def _next(self) -> Sequence[PartitionQueue]:
        """The ready queue that has waited longest, in hand, and what joins it; none if the thread is not needed."""
        idle_since = time.monotonic()
        with self._work:
            while not self._closed and (now := time.monotonic()) < idle_since + self._idle_timeout():
                if queue := next(self._ready(now), None):
                    return self._take(self._together(queue, now), now)
                due = (queue.due for queue in self._line.values() if queue.due > now)
                # The budget may be spent meanwhile, of which nobody tells.
                look = now + SPENT_IDLE_TIMEOUT if self._threads > 1 else idle_since + IDLE_TIMEOUT
                self._work.wait(min([look, *due]) - now)
            # Under the lock, so that nobody counts on a thread that is about to end.
            self._threads -= 1
            if self._threads:
                self._budget.give_back()
            return ()

    def _together(self, first: PartitionQueue, now: float) -> list[PartitionQueue]:
        """The queue, with those that are taken together with it."""
        together, room = [first], self.batch - len(first.waiting)
        if not first.joins(now) or self._is_alone(first.partition[0]):
            return together
        for queue in self._ready(now):
            if queue is not first and len(queue.waiting) <= room and queue.joins(now):
                if self._is_alone(queue.partition[0]):
                    continue
                together.append(queue)
                room -= len(queue.waiting)
        return together

    def _idle_timeout(self) -> float:
        """Seconds without work after which the thread that asks ends; the last one has no other to rely on."""
        if self._threads == 1 or not self._budget.is_spent:
            return IDLE_TIMEOUT
        return 0.0 if self._budget.is_exceeded else SPENT_IDLE_TIMEOUT

    def _take(self, queues: Sequence[PartitionQueue], now: float) -> Sequence[PartitionQueue]:
        self._busy += 1
        for queue in queues:
            # To the end of the line, so that the others come first the next time.
            self._line[queue.partition] = self._line.pop(queue.partition)
            queue.in_hand = InHand(
                partition=queue.partition, since=now, thread=threading.get_ident(), database=connections["default"]
            )
            queue.load(self.batch)
        return queues

    def _step(self, queues: Sequence[PartitionQueue]) -> None:
        began, number = time.monotonic(), sum(len(queue.batch.first) for queue in queues)
        pause = 0.0
        try:
            if len(queues) == 1:
                pause = queues[0].batch.step()
            else:
                take_together(self._effect, [queue.batch for queue in queues])
        except Exception as error:
            partitions = [queue.partition for queue in queues]
            log.exception("a message could be neither handled nor kept as a dead letter", partitions=partitions)
            self.failure = error
            pause = IDLE_TIMEOUT
        with self._work:
            self._busy -= 1
            now = time.monotonic()
            for queue in queues:
                queue.in_hand = None
                queue.took = now - began
                queue.since = now
                queue.due = now + pause if pause else 0.0
                # It may have been released, and another one of the partition stand in line.
                if not queue.has_work and self._line.get(queue.partition) is queue:
                    del self._line[queue.partition]
            is_full = number >= ENOUGH_OF_BATCH * self.batch
            self._gathering = self._gathering.after_batch(began=began, ended=now, is_full=is_full)
            self._settled.notify_all()
