"""Partition queue: the messages of one partition in their order, and the batch of them that is in hand."""

import math
from collections import deque

from django.db.backends.base.base import BaseDatabaseWrapper
from msgspec import Struct

from kit.pacing.retry import RetryPolicy
from outbox.bus.base import IncomingMessage, Partition
from outbox.consumers.batch import Batch, Effect

# Seconds that steps may take of a queue whose next one may be one with others, which wait for it then.
QUICK = 0.1


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
    """One partition's messages. Everything but the batch's step is done under the lock of all queues."""

    def __init__(self, partition: Partition, effect: Effect, policy: RetryPolicy) -> None:
        self.partition = partition
        self.batch = Batch(effect, policy)
        self.waiting: deque[IncomingMessage] = deque()
        self.bytes = 0
        """Of the messages that wait."""
        self.due = 0.0
        """Monotonic seconds before which no step is taken."""
        self.since = 0.0
        """Since when it has had something to do."""
        self.took = math.inf
        """Seconds that the last step of it took; without end before the first one."""
        self.in_hand: InHand | None = None
        self._committed: int | None = None

    @property
    def position(self) -> int | None:
        """The next offset after all that is done; None before anything is."""
        return self.batch.position

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.waiting) or not self.batch.is_empty

    def feed(self, message: IncomingMessage, now: float) -> None:
        """One more message at the end."""
        if not self.waiting:
            self.since = now
        self.waiting.append(message)
        self.bytes += len(message.body or b"")

    def is_ready(self, now: float) -> bool:
        """Whether a step can be done."""
        return self.in_hand is None and now >= self.due and self.has_work

    def joins(self, now: float) -> bool:
        """Whether its next step may be one with other queues: it is known as quick, and nothing has failed of it."""
        return self.is_ready(now) and self.batch.is_empty and self.took <= QUICK

    def load(self, limit: int) -> None:
        """Take the next batch in hand, unless one is."""
        if self.batch.is_empty:
            messages = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
            self.bytes -= sum(len(message.body or b"") for message in messages)
            self.batch.add(messages)

    def progress(self) -> int | None:
        """The position if it is another one than at the last call."""
        position = self.batch.position
        if position == self._committed:
            return None
        self._committed = position
        return position
