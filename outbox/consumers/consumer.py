"""Consumer runner: polls a group's topics, lets partition queues take effect, and then tells the broker.

The database commits first. A crash before the broker has heard of it brings the batch again, and the inbox knows it.
A group that the broker has further than the database stays out: somebody has set the database back.

Above 200 lines, because joining, polling, committing, handing over and leaving are steps of one loop.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import partial

import structlog
from django.db import connection

from kit.outage_log import outage_log
from kit.outages import is_outage, part_of
from kit.postgresql.connections import use_own_connection
from kit.stop import LOOPS_GRACE
from outbox.bus.base import Bus, Partition, Subscription
from outbox.consumers.adaptive_batch_size import AdaptiveBatchSize
from outbox.consumers.connection_budget import shared_budget
from outbox.consumers.control.watcher import DecisionWatcher
from outbox.consumers.partition_queues import PartitionQueues
from outbox.consumers.processor import Processor
from outbox.consumers.set_back import MEND, STAYING_OUT, Admission
from outbox.consumers.settings import ConsumerSettings
from outbox.consumers.watchdog import Watchdog
from outbox.exceptions import ConsumerStalled, DatabaseSetBack
from outbox.handling.handlers import ConsumerGroup
from outbox.handling.positions import PositionBook
from outbox.signals import heartbeats

log = structlog.get_logger(__name__)

POLL_TIMEOUT = 0.5
# While a partition rests, which may end at any time, or a queue waits for a thread.
SHORT_POLL = 0.02
# Database and broker need not hear of every batch; the inbox knows what comes again.
COMMIT_INTERVAL = 1.0
# Seconds until positions are recorded again that could not be, and until a group that stays out looks again.
RECORD_AGAIN = 1.0
STAY_OUT = 2.0
# Seconds that the batches in hand may take when partitions go, or the worker ends, whose grace has some for leaving.
HANDOVER_TIMEOUT = LOOPS_GRACE - 5.0
# After a stall, fewer messages are taken at a time for so many times what counts as one.
SMALL_BATCH_STALLS = 20


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
        self._budget = shared_budget(settings.connections)
        self._batch_size = AdaptiveBatchSize(usual=settings.batch)
        self._watcher = DecisionWatcher(group.name, redis_url=settings.redis_url)
        self._commit_at = 0.0
        self._positions = PositionBook(group.name)
        self._unrecorded: dict[Partition, int] = {}
        self._admission = Admission(group.name, bus, group_id=settings.group_id, topics=settings.topics)
        self._resting: set[Partition] = set()

    def run(self, stop: threading.Event) -> None:
        """Consume until asked to stop, then finish what is in hand, commit it, and leave the group.

        When a batch is stuck, it leaves the group and begins anew with smaller ones, because the stuck one may have
        been too large to come to its end in time. Raises whatever broke a thread down: the consumer is to be made anew.
        """
        use_own_connection()
        with self._budget.consumer(), closing(self._watcher), closing(connection):
            while not stop.is_set():
                self._operators_have_decided(stop)
                if self._watcher.decisions.drained:
                    self._beat(state="drained", lag=0)
                    stop.wait(POLL_TIMEOUT)
                elif self._admission.is_refused():
                    self._beat(state=STAYING_OUT, lag=0, stalled=self._admission.reasons)
                    stop.wait(STAY_OUT if self._admission.reasons else POLL_TIMEOUT)
                else:
                    self._consume_with_care(stop)

    def _consume_with_care(self, stop: threading.Event) -> None:
        try:
            self._consume(stop)
        except DatabaseSetBack:
            log.exception("the database was set back under a consumer", group=self._group.name)
        except ConsumerStalled:
            now = time.monotonic()
            self._batch_size = self._batch_size.after_stall(now, period=SMALL_BATCH_STALLS * self._settings.stall)
            log.exception(
                "the consumer is started again with smaller batches",
                group=self._group.name,
                batch=self._batch_size.size(now),
            )

    def _consume(self, stop: threading.Event) -> None:
        """From joining the group to leaving it."""
        settings = self._settings
        processor = Processor(self._group, blocking=settings.blocking)
        queues = PartitionQueues(
            processor,
            settings.policy,
            threads=settings.threads,
            budget=self._budget,
            batch=settings.batch,
            is_paused=self._is_paused,
            is_alone=processor.is_blocking,
        )
        watchdog = Watchdog(
            self._group.name,
            queues.in_hand,
            limit=settings.stall,
            # While it hands partitions over, the poll thread waits for the batches in hand.
            poll_limit=max(settings.stall, 2 * HANDOVER_TIMEOUT),
            give_up=self._give_up,
        )
        subscription = self._bus.subscribe(settings.group_id, settings.topics)
        subscription.before_handover = partial(self._hand_over, subscription, queues)
        self._positions, self._unrecorded = PositionBook(self._group.name), {}
        subscription.before_commit = self._positions.record
        self._resting.clear()
        watchdog.start()
        leave_within = HANDOVER_TIMEOUT
        try:
            while not stop.is_set() and not self._watcher.decisions.drained:
                watchdog.polled()
                self._poll(subscription, queues)
                self._commit(subscription, queues)
                if self._operators_have_decided(stop):
                    queues.recheck()
                self._regulate(subscription, queues)
                self._show_state(subscription, watchdog)
                if self._positions.is_set_back:
                    raise DatabaseSetBack(self._group.name, MEND)
                if queues.failure:
                    raise queues.failure
                if watchdog.lost:
                    leave_within = 0.0
                    watchdog.end_lost_sessions()
                    raise ConsumerStalled(watchdog.stalled)
        finally:
            watchdog.stop()
            queues.close()
            try:
                subscription.commit(queues.release(queues.partitions(), within=leave_within))
            finally:
                self._bus.unsubscribe(subscription)

    def _poll(self, subscription: Subscription, queues: PartitionQueues) -> None:
        queues.batch = self._batch_size.size(time.monotonic())
        queues.await_need(within=SHORT_POLL)
        timeout = SHORT_POLL if self._resting or queues.is_behind() else POLL_TIMEOUT
        messages = subscription.poll(limit=self._settings.batch, timeout=timeout)
        if messages and queues.gather(messages):
            messages = subscription.poll(limit=self._settings.batch, timeout=0)
        queues.feed(messages)

    def _commit(self, subscription: Subscription, queues: PartitionQueues) -> None:
        now = time.monotonic()
        if now < self._commit_at:
            return
        self._unrecorded |= queues.progress()
        if self._unrecorded:
            self._positions.missed = False
            subscription.commit(self._unrecorded)
            if not self._positions.missed:
                self._unrecorded = {}
            self._commit_at = now + (RECORD_AGAIN if self._unrecorded else COMMIT_INTERVAL)

    def _hand_over(
        self, subscription: Subscription, queues: PartitionQueues, partitions: Collection[Partition]
    ) -> None:
        subscription.commit(queues.release(partitions, within=HANDOVER_TIMEOUT))
        self._resting.difference_update(partitions)
        for partition in partitions:
            self._unrecorded.pop(partition, None)

    def _regulate(self, subscription: Subscription, queues: PartitionQueues) -> None:
        """Let partitions rest of which more waits than their queue can take, or that an operator has paused."""
        resting = queues.full(self._resting)
        if self._watcher.decisions.paused:
            resting |= set(filter(self._is_paused, queues.partitions()))
        if resting != self._resting:
            subscription.pause(resting - self._resting)
            subscription.resume(self._resting - resting)
            self._resting = resting

    def _is_paused(self, partition: Partition) -> bool:
        return self._watcher.decisions.holds(partition)

    def _operators_have_decided(self, stop: threading.Event) -> bool:
        decided = False
        with self._bearing_outages():
            decided = self._watcher.has_changed(stop)
        if decided:
            now = self._watcher.decisions
            log.info("operators have decided", group=self._group.name, drained=now.drained, paused=len(now.paused))
        return decided

    def _show_state(self, subscription: Subscription, watchdog: Watchdog) -> None:
        if self._pulse.is_due:
            state = "paused" if self._watcher.decisions.is_paused else "running"
            self._beat(state=state, lag=sum(subscription.lag().values()), stalled=watchdog.stalled)

    def _beat(self, **detail: object) -> None:
        with self._bearing_outages():
            is_due = self._pulse.is_due
            self._pulse.beat(connection, group_id=self._settings.group_id, topics=self._settings.topics, **detail)
            if is_due:
                outage_log("database").found()

    @contextmanager
    def _bearing_outages(self) -> Iterator[None]:
        """The queues wait for a database that is away; what this thread wants of it can be left out."""
        try:
            yield
        except Exception as error:
            if not is_outage(error):
                raise
            connection.close()
            outage_log(part_of(error)).lost(error, group=self._group.name)
