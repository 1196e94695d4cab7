"""How does a consumer group work off its topics? One thread polls, lanes take effect, and then the broker is told.

The database commits first. A crash before the broker has heard of it brings the batch again, and the inbox knows it.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import structlog
from django.db import connection
from msgspec import Struct

from kit.connections import use_own_connection
from kit.outages import is_outage
from kit.retry import RetryPolicy
from outbox.bus.base import Bus, Partition, Subscription
from outbox.conf import OutboxConf
from outbox.consumers.adaptive_batch_size import AdaptiveBatchSize
from outbox.consumers.control.decisions import CHANNEL, Decisions, decisions
from outbox.consumers.partition_queues import InHand, PartitionQueues
from outbox.consumers.processor import Processor
from outbox.consumers.watchdog import Watchdog
from outbox.exceptions import ConsumerStalled
from outbox.handling.handlers import ConsumerGroup
from outbox.signals import heartbeats
from outbox.signals.wakeup import WakeupListener
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

POLL_TIMEOUT = 0.5
# While a partition rests, which may end at any time, or a lane waits for a thread.
SHORT_POLL = 0.02
# The broker need not hear of every batch; the inbox knows what comes again.
COMMIT_INTERVAL = 0.05
# Seconds between two looks at what operators have decided, by itself and for a hint.
CONTROL_POLL_INTERVAL, WAKEUP_POLL_INTERVAL = 2.0, 0.2
# Seconds that the batches in hand may take when partitions go, or the worker ends (which allows 20).
HANDOVER_TIMEOUT = 15.0
# So many times what counts as a stall, a consumer takes fewer messages at a time after one.
CAUTION = 20


class ConsumerSettings(Struct, frozen=True, kw_only=True):
    """How a consumer works."""

    group_id: str
    """The group's name at the broker."""
    topics: tuple[str, ...]
    batch: int
    """Most messages of one transaction."""
    policy: RetryPolicy
    """For a message that a handler fails on."""
    lanes: int = 6
    """Most partitions that are worked off beside each other."""
    stall: float = 60.0
    """Seconds without progress that count as a stall."""
    blocking: tuple[str, ...] = ()
    """Topics on which a dead letter holds back its key."""
    redis_url: str = ""
    """Where hints come from; empty for none."""

    @classmethod
    def of(cls, conf: OutboxConf, group: ConsumerGroup) -> "ConsumerSettings":
        """From the settings, which may give the group another name and other topics at the broker."""
        return cls(
            group_id=conf.group_id or group.name,
            topics=conf.topics or tuple(group.topics),
            batch=conf.consumer_batch,
            policy=RetryPolicy(limit=conf.consumer_attempts - 1, base=0.1, cap=2.0),
            lanes=conf.consumer_lanes,
            stall=conf.consumer_stall,
            blocking=conf.blocking_topics,
            redis_url=conf.redis_url,
        )


def nobody_to_tell() -> None:
    """A consumer outside a worker ends with its process."""


class ConsumerRunner:
    """One member of a consumer group. Used by one thread."""

    def __init__(
        self,
        group: ConsumerGroup,
        bus: Bus,
        settings: ConsumerSettings,
        *,
        give_up: Callable[[], None] = nobody_to_tell,
    ) -> None:
        """`give_up` tells the worker that this consumer is beyond help."""
        self._group = group
        self._bus = bus
        self._settings = settings
        self._give_up = give_up
        self._pulse = heartbeats.Pulse(heartbeats.consumer_name(group.name))
        self._portion = AdaptiveBatchSize(usual=settings.batch)
        self._listener = WakeupListener(settings.redis_url, CHANNEL) if settings.redis_url else None
        self._decisions = Decisions()
        self._look_at = self._hear_at = self._commit_at = 0.0
        self._paused: set[Partition] = set()

    def run(self, stop: threading.Event) -> None:
        """Consume until asked to stop, then finish what is in hand, commit it, and leave the group.

        When a lane is stuck, it leaves the group and begins anew with smaller batches, because the stuck one may have
        been too large to come to its end in time. Raises whatever broke a lane down: the consumer is to be made anew.
        """
        use_own_connection()
        try:
            while not stop.is_set():
                self._hear_operators(stop)
                if self._decisions.drained:
                    self._show_signs_of_life(state="drained", lag=0)
                    stop.wait(POLL_TIMEOUT)
                else:
                    self._consume_with_care(stop)
        finally:
            if self._listener:
                self._listener.close()
            connection.close()

    def _consume_with_care(self, stop: threading.Event) -> None:
        try:
            self._consume(stop)
        except ConsumerStalled:
            now = time.monotonic()
            self._portion = self._portion.after_stall(now, period=CAUTION * self._settings.stall)
            log.exception(
                "the consumer is started again with smaller batches",
                group=self._group.name,
                batch=self._portion.size(now),
            )

    def _consume(self, stop: threading.Event) -> None:
        """From joining the group to leaving it."""
        settings = self._settings
        effect = Processor(self._group, blocking=settings.blocking)
        lanes = PartitionQueues(
            effect, settings.policy, threads=settings.lanes, batch=settings.batch, held=self._is_blocked
        )
        watchdog = Watchdog(
            self._group.name,
            lanes.in_hand,
            limit=settings.stall,
            # While it hands partitions over, the poll thread waits for the batches in hand.
            poll_limit=max(settings.stall, 2 * HANDOVER_TIMEOUT),
            give_up=self._give_up,
        )
        subscription = self._bus.subscribe(settings.group_id, settings.topics)
        subscription.before_handover = partial(self._hand_over, subscription, lanes)
        self._paused.clear()
        watchdog.start()
        timeout = HANDOVER_TIMEOUT
        try:
            while not stop.is_set() and not self._decisions.drained:
                watchdog.polled()
                lanes.batch = self._portion.size(time.monotonic())
                lanes.await_need(within=SHORT_POLL)
                timeout = SHORT_POLL if self._paused or lanes.is_behind() else POLL_TIMEOUT
                lanes.feed(subscription.poll(limit=settings.batch, timeout=timeout))
                self._commit(subscription, lanes)
                if self._hear_operators(stop):
                    lanes.recheck()
                self._regulate(subscription, lanes)
                self._show_state(subscription, watchdog)
                if lanes.failure:
                    raise lanes.failure
                if watchdog.lost:
                    timeout = 0.0
                    self._end_sessions(watchdog.lost)
                    raise ConsumerStalled(watchdog.stalled)
        finally:
            watchdog.stop()
            lanes.close()
            subscription.commit(lanes.release(lanes.partitions(), within=timeout))
            subscription.close()

    def _is_blocked(self, partition: Partition) -> bool:
        return self._decisions.holds(partition)

    def _hand_over(self, subscription: Subscription, lanes: PartitionQueues, partitions: Collection[Partition]) -> None:
        subscription.commit(lanes.release(partitions, within=HANDOVER_TIMEOUT))
        self._paused.difference_update(partitions)

    def _commit(self, subscription: Subscription, lanes: PartitionQueues) -> None:
        now = time.monotonic()
        if now >= self._commit_at and (positions := lanes.progress()):
            subscription.commit(positions)
            self._commit_at = now + COMMIT_INTERVAL

    def _regulate(self, subscription: Subscription, lanes: PartitionQueues) -> None:
        """Let partitions rest that have more in their lane than it can take, or that an operator has stopped."""
        resting = lanes.full(self._paused)
        if self._decisions.paused:
            resting |= {partition for partition in lanes.partitions() if self._decisions.holds(partition)}
        if resting != self._paused:
            subscription.pause(resting - self._paused)
            subscription.resume(self._paused - resting)
            self._paused = resting

    def _hear_operators(self, stop: threading.Event) -> bool:
        """Look at what operators have decided, if it is time to; whether that is something new."""
        now = time.monotonic()
        if self._listener and now >= self._hear_at:
            self._hear_at = now + WAKEUP_POLL_INTERVAL
            if self._listener.wait(0, stop):
                self._look_at = now
        if now < self._look_at:
            return False
        self._look_at = now + CONTROL_POLL_INTERVAL
        found = self._decisions
        with self._bearing_outages():
            found = decisions(self._group.name)
        if found == self._decisions:
            return False
        self._decisions = found
        log.info("operators have decided", group=self._group.name, drained=found.drained, paused=len(found.paused))
        return True

    def _show_state(self, subscription: Subscription, watchdog: Watchdog) -> None:
        if not self._pulse.is_due:
            return
        lag = sum(subscription.lag().values())
        state = "paused" if self._decisions.is_paused else "running"
        self._show_signs_of_life(state=state, lag=lag, stalled=watchdog.stalled)

    def _show_signs_of_life(self, **detail: object) -> None:
        with self._bearing_outages():
            self._pulse.beat(connection, group_id=self._settings.group_id, topics=self._settings.topics, **detail)

    def _end_sessions(self, lost: Sequence[InHand]) -> None:
        """Else the batch, when it comes again, waits for the marks that the stuck thread has not committed."""
        with connection.cursor() as cursor:
            for backend in filter(None, (work.backend for work in lost)):
                cursor.execute(statement("end_session"), {"backend": backend})

    @contextmanager
    def _bearing_outages(self) -> Iterator[None]:
        """The lanes wait for a database that is away; what this thread wants of it can be left out."""
        try:
            yield
        except Exception as error:
            if not is_outage(error):
                raise
            connection.close()
            log.warning("the database is away", group=self._group.name, error=type(error).__name__)
