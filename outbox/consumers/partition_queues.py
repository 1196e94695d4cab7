"""How are partitions worked off beside each other? Each has a lane: its messages in order, one thread at a time.

Threads belong to no lane. They take the lane that has waited longest, do one step of it and put it back, so that a
partition that is slow, or waits for a message to be tried again, holds up no other one. One thread does it all as long
as it keeps up, because threads of one process are in each other's way; when a lane waits too long, another one helps.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

import structlog
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from msgspec import Struct

from kit.connections import use_own_connection
from kit.retry import RetryPolicy
from outbox.bus.base import IncomingMessage, Partition
from outbox.consumers.batch import Batch, Effect

log = structlog.get_logger(__name__)

# Seconds after which a thread without work ends and gives its database connection back.
IDLE = 60.0
# A lane with so many batches, or bytes, waiting takes no more for now.
FULL_BATCHES, FULL_BYTES = 4, 16_000_000
# While so many batches wait for a thread, reading more helps nobody. Letting full partitions rest instead would throw
# away what the client has fetched of them ahead.
SATED_BATCHES = 2
# Seconds that a lane may wait for a thread before there is one more.
OVERDUE = 0.003


class InHand(Struct, frozen=True, kw_only=True):
    """A step that some thread is doing."""

    partition: Partition
    since: float
    """Monotonic seconds."""
    thread: int
    """Its identity."""
    database: BaseDatabaseWrapper
    """Its connection."""

    @property
    def backend(self) -> int | None:
        """The process at the database that works for it, if there is one now."""
        live = self.database.connection
        return None if live is None else int(live.info.backend_pid)


class PartitionQueue:
    """One partition's messages. Everything but the step is done under the lock of the lanes."""

    def __init__(self, partition: Partition, effect: Effect, policy: RetryPolicy) -> None:
        self.partition = partition
        self.work = Batch(effect, policy)
        self.waiting: deque[IncomingMessage] = deque()
        self.bytes = 0
        self.due = 0.0
        """Monotonic seconds before which no step is taken."""
        self.since = 0.0
        """Since when it has had something to do."""
        self.in_hand: InHand | None = None
        self.told: int | None = None
        """The position that was last given to the committer."""

    def feed(self, message: IncomingMessage, now: float) -> None:
        """One more message at the end."""
        if not self.waiting:
            self.since = now
        self.waiting.append(message)
        self.bytes += len(message.body or b"")

    def is_ready(self, now: float) -> bool:
        """Whether a step can be done."""
        return self.in_hand is None and now >= self.due and self.has_work

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.waiting) or not self.work.is_empty

    def load(self, limit: int) -> None:
        """Take the next batch in hand, unless one is."""
        if self.work.is_empty:
            batch = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
            self.bytes -= sum(len(message.body or b"") for message in batch)
            self.work.add(batch)


class PartitionQueues:
    """All lanes of a consumer. One thread feeds and asks; threads of its own do the work."""

    def __init__(
        self,
        effect: Effect,
        policy: RetryPolicy,
        *,
        threads: int,
        batch: int,
        held: Callable[[Partition], bool] = lambda _: False,
    ) -> None:
        """`threads` work at most, `batch` is the most messages of one step, and what an operator has stopped is `held`.

        A change of what is held is to be told by `recheck`.
        """
        self._effect = effect
        self._policy = policy
        self._most_threads = threads
        self.batch = batch
        """Most messages of one step; may be changed at any time."""
        self._held = held
        self._lanes: dict[Partition, PartitionQueue] = {}
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
            for message in messages:
                partition = (message.topic, message.partition)
                lane = self._lanes.get(partition)
                if lane is None:
                    lane = self._lanes[partition] = PartitionQueue(partition, self._effect, self._policy)
                lane.feed(message, now)
            self._wake(now)

    def progress(self) -> Mapping[Partition, int]:
        """Up to where partitions have come since the last time somebody asked: the next offset of each."""
        with self._work:
            positions = {}
            for lane in self._lanes.values():
                position = lane.work.position
                if position is not None and position != lane.told:
                    positions[lane.partition] = lane.told = position
            return positions

    def partitions(self) -> Collection[Partition]:
        """Those that anything has come from."""
        with self._work:
            return set(self._lanes)

    def full(self, before: Collection[Partition]) -> set[Partition]:
        """Those that should be given no more for now; one that was full `before` stays so until little is left."""
        with self._work:
            return {
                lane.partition
                for lane in self._lanes.values()
                if lane.bytes > FULL_BYTES
                or len(lane.waiting) >= self.batch * (1 if lane.partition in before else FULL_BATCHES)
            }

    def release(self, partitions: Collection[Partition], *, within: float) -> Mapping[Partition, int]:
        """Forget what waits, and wait for what is in hand; up to where the partitions have come then."""
        with self._work:
            released = [self._lanes.pop(partition) for partition in partitions if partition in self._lanes]
            if not self._settled.wait_for(lambda: not any(lane.in_hand for lane in released), within):
                late = [lane.partition for lane in released if lane.in_hand]
                log.warning("partitions go before what is in hand is done; it comes again", partitions=late)
            return {lane.partition: lane.work.position for lane in released if lane.work.position is not None}

    def in_hand(self) -> list[InHand]:
        """What threads are doing."""
        with self._work:
            return [lane.in_hand for lane in self._lanes.values() if lane.in_hand]

    def is_behind(self) -> bool:
        """Whether a lane waits for a thread, or for its next attempt: then `feed` or `recheck` are wanted soon."""
        with self._work:
            return any(
                lane.has_work and lane.in_hand is None and not self._held(lane.partition)
                for lane in self._lanes.values()
            )

    def await_need(self, within: float) -> None:
        """Wait until the threads can do with more, so long as there is a lane that waits for one of them."""
        with self._work:
            self._settled.wait_for(lambda: not self._is_sated(), within)

    def _is_sated(self) -> bool:
        now = time.monotonic()
        ready = sum(
            len(lane.waiting) for lane in self._lanes.values() if lane.is_ready(now) and not self._held(lane.partition)
        )
        return ready >= SATED_BATCHES * self.batch

    def recheck(self) -> None:
        """Partitions may no longer be held, or have waited too long."""
        with self._work:
            self._wake(time.monotonic())

    def close(self) -> None:
        """Let the threads end once they have done what they have in hand."""
        with self._work:
            self._closed = True
            self._work.notify_all()

    def _wake(self, now: float) -> None:
        """Let there be a thread for the lanes that are ready; one more when one of them has waited too long."""
        waiting = [
            max(lane.since, lane.due)
            for lane in self._lanes.values()
            if lane.is_ready(now) and not self._held(lane.partition)
        ]
        if not waiting or (self._busy and now - min(waiting) < OVERDUE):
            return
        if self._threads > self._busy:
            self._work.notify()
        elif self._threads < self._most_threads:
            self._threads += 1
            threading.Thread(target=self._run, name="lane", daemon=True).start()

    def _run(self) -> None:
        use_own_connection()
        try:
            while lane := self._next():
                self._step(lane)
        finally:
            connection.close()

    def _next(self) -> PartitionQueue | None:
        """The ready lane that has waited longest, in hand; None when the thread is not needed any more."""
        give_up = time.monotonic() + IDLE
        with self._work:
            while not self._closed and (now := time.monotonic()) < give_up:
                wake_at = give_up
                for lane in self._lanes.values():
                    if self._held(lane.partition):
                        continue
                    if lane.is_ready(now):
                        self._take(lane, now)
                        return lane
                    if lane.has_work and lane.due > now:
                        wake_at = min(wake_at, lane.due)
                self._work.wait(wake_at - now)
            # Under the lock, so that nobody counts on a thread that is about to end.
            self._threads -= 1
            return None

    def _take(self, lane: PartitionQueue, now: float) -> None:
        # To the end of the line, so that the others come first the next time.
        self._lanes[lane.partition] = self._lanes.pop(lane.partition)
        self._busy += 1
        lane.in_hand = InHand(
            partition=lane.partition, since=now, thread=threading.get_ident(), database=connections["default"]
        )
        lane.load(self.batch)

    def _step(self, lane: PartitionQueue) -> None:
        pause = 0.0
        try:
            pause = lane.work.step()
        except Exception as error:
            log.exception("a message could be neither handled nor kept as a dead letter", partition=lane.partition)
            self.failure = error
            pause = IDLE
        with self._work:
            self._busy -= 1
            lane.in_hand = None
            lane.since = time.monotonic()
            lane.due = lane.since + pause if pause else 0.0
            self._settled.notify_all()
