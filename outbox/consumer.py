"""How does a consumer group work off its topics? A batch at a time: poll, take effect, commit to the broker.

The database commits first. A crash before the broker has heard of it brings the batch again, and the inbox knows it.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from django.db import connection
from msgspec import Struct

from outbox import heartbeats, metrics
from outbox.bus.base import Bus, IncomingMessage, Partition, Subscription
from outbox.conf import OutboxConf
from outbox.database import is_outage
from outbox.dead_letters import bury
from outbox.exceptions import Poisonous, Stopped
from outbox.handlers import ConsumerGroup
from outbox.inbox import take_effect
from outbox.message import event_type_of, to_event
from outbox.retries import RetryPolicy

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

POLL_TIMEOUT = 0.5
SERVER_AWAY = RetryPolicy(limit=0, base=0.1, cap=3.0)


class ConsumerSettings(Struct, frozen=True, kw_only=True):
    """How a consumer works."""

    group_id: str
    """The group's name at the broker."""
    topics: tuple[str, ...]
    batch: int
    """Most messages of one transaction."""
    policy: RetryPolicy
    """For a message that a handler fails on."""

    @classmethod
    def of(cls, conf: OutboxConf, group: ConsumerGroup) -> "ConsumerSettings":
        """From the settings, which may give the group another name and other topics at the broker."""
        return cls(
            group_id=conf.group_id or group.name,
            topics=conf.topics or tuple(group.topics),
            batch=conf.consumer_batch,
            policy=RetryPolicy(limit=conf.consumer_attempts - 1, base=0.1, cap=2.0),
        )


class ConsumerRunner:
    """One member of a consumer group. Used by one thread."""

    def __init__(self, group: ConsumerGroup, bus: Bus, settings: ConsumerSettings) -> None:
        self._group = group
        self._bus = bus
        self._settings = settings
        self._pulse = heartbeats.Pulse(heartbeats.consumer_name(group.name))
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Consume until asked to stop: the batch in hand is finished, committed, and the group left."""
        self._stop = stop
        subscription = self._bus.subscribe(self._settings.group_id, self._settings.topics)
        try:
            while not stop.is_set():
                self._show_signs_of_life(subscription)
                messages = subscription.poll(limit=self._settings.batch, timeout=POLL_TIMEOUT)
                if messages:
                    self._work_off(messages)
                    subscription.commit(_positions(messages))
        except Stopped:
            log.info("stopped during an outage; the batch comes again", group=self._group.name)
        finally:
            subscription.close()
            connection.close()

    def _work_off(self, messages: Sequence[IncomingMessage]) -> None:
        wanted = [message for message in messages if self._group.wants(event_type_of(message))]
        if not wanted:
            return
        try:
            events = [to_event(message) for message in wanted]
            self._through_outages(lambda: take_effect(self._group, events))
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, one message is guilty of it and is to be found
            log.info("a batch failed, its messages go one by one", group=self._group.name, error=type(error).__name__)
            for message in wanted:
                self._work_off_alone(message)

    def _work_off_alone(self, message: IncomingMessage) -> None:
        attempt = 1
        while True:
            try:
                self._through_outages(lambda: take_effect(self._group, [to_event(message)]))
            except Stopped:
                raise
            except Exception as error:  # noqa: BLE001 - the reason why the message is dead, whatever it is
                if isinstance(error, Poisonous) or attempt > self._settings.policy.limit:
                    self._bury(message, error, attempt)
                    return
                self._stop.wait(self._settings.policy.delay(attempt, chance=random.random()))  # noqa: S311
                attempt += 1
            else:
                return

    def _bury(self, message: IncomingMessage, error: Exception, attempts: int) -> None:
        self._through_outages(lambda: bury(self._group, message, error, attempts=attempts))

    def _through_outages(self, action: Callable[[], Result]) -> Result:
        """Do it, waiting for servers that are away: no message's fault. Raises `Stopped` when asked to stop then."""
        outages = 0
        while True:
            try:
                return action()
            except Exception as error:
                if not is_outage(error):
                    raise
                connection.close()
                outages += 1
                log.warning("waiting for a server", group=self._group.name, error=type(error).__name__, times=outages)
            if self._stop.wait(SERVER_AWAY.delay(outages, chance=random.random())):  # noqa: S311
                raise Stopped

    def _show_signs_of_life(self, subscription: Subscription) -> None:
        lag = subscription.lag()
        for (topic, number), messages in lag.items():
            metrics.CONSUMER_LAG.labels(group=self._settings.group_id, topic=topic, partition=number).set(messages)
        self._through_outages(lambda: self._pulse.beat(connection, lag=sum(lag.values())))


def _positions(messages: Sequence[IncomingMessage]) -> dict[Partition, int]:
    return {(message.topic, message.partition): message.offset + 1 for message in messages}
