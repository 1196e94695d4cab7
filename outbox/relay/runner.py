"""Relay runner: holds its shards, passes over them again and again, and waits for work or for an outage's end."""

import random
import threading
import time
from contextlib import closing

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, InterfaceError
from msgspec import Struct

from kit.outage_log import outage_log
from kit.pacing.circuit_breaker import CircuitBreaker
from kit.pacing.gathering import Gathering
from kit.pacing.retry import RetryPolicy
from kit.pacing.tempo import Tempo
from outbox.bus.base import Bus
from outbox.conf import OutboxConf, outbox_conf
from outbox.messages.topics import known_topics
from outbox.relay.completion import Completion
from outbox.relay.relay import PassResult, relay_connection, relay_pass
from outbox.relay.shards import ShardOwner
from outbox.relay.topic_policies import TopicPolicies
from outbox.signals import heartbeats
from outbox.signals.wakeup import WakeupListener

# Seconds between two looks at who else is there, which are taken when there is nothing to publish, as far as there is
# such a moment in half a second more.
REBALANCE_INTERVAL = 1.0
REBALANCE_DELAY = 0.5
BROKER_RETRY = RetryPolicy(limit=0, base=0.2, cap=2.0)
# A pass of so many rows is large enough.
ENOUGH_ROWS = 200
DATABASE_RETRY = RetryPolicy(limit=0, base=0.1, cap=2.0)


class RelaySettings(Struct, frozen=True, kw_only=True):
    """How a relay works."""

    batch: int
    """Most rows of one pass."""
    policies: TopicPolicies
    """For refused rows."""
    redis_url: str
    tempo: Tempo = Tempo(shortest=0.001, longest=0.4, pause=0.001)
    """How often it looks by itself; without work seldom enough to ask the database at most five times a second."""

    @classmethod
    def of(cls, conf: OutboxConf) -> "RelaySettings":
        """From the settings."""
        return cls(batch=conf.relay_batch, policies=TopicPolicies.of_settings(conf), redis_url=conf.redis_url)


class RelayRunner:
    """One relay. Any number of them share the shards."""

    def __init__(self, bus: Bus, settings: RelaySettings) -> None:
        self._bus = bus
        self._settings = settings
        self._breaker = CircuitBreaker(policy=BROKER_RETRY)
        self._tempo = settings.tempo
        self._completion = Completion()
        self._losses = 0
        # An event is at the broker soon even so.
        self._gathering = Gathering(quick=0.01, longest=0.01)

    def run(self, stop: threading.Event) -> None:
        """Relay until asked to stop; a database that is lost, takes no writes or refuses them is waited for."""
        with closing(WakeupListener(self._settings.redis_url)) as listener, closing(self._bus):
            self._bus.warm_up(known_topics(conf=outbox_conf()))
            while not stop.is_set():
                try:
                    with relay_connection() as connection:
                        owner = ShardOwner(connection)
                        owner.join()
                        self._relay(connection, owner, listener, stop)
                except (DatabaseError, InterfaceError) as error:
                    # A fault of ours included: to begin anew would forget what was published and not completed.
                    self._losses += 1
                    outage_log("database").lost(error, loop="relay")
                    stop.wait(DATABASE_RETRY.delay(self._losses, chance=random.random()))  # noqa: S311

    def _relay(
        self, connection: BaseDatabaseWrapper, owner: ShardOwner, listener: WakeupListener, stop: threading.Event
    ) -> None:
        pulse = heartbeats.Pulse(heartbeats.RELAY)
        rebalance_at, busy = 0.0, False
        while not stop.is_set():
            if time.monotonic() >= rebalance_at + REBALANCE_DELAY * busy:
                owner.rebalance()
                pulse.beat(connection, shards=len(owner.owned), outages=self._breaker.outages)
                rebalance_at = time.monotonic() + REBALANCE_INTERVAL
            began = time.monotonic()
            published = self._pass(connection, owner).published if self._breaker.allows(began) else 0
            busy = published > 0
            if busy:
                self._tempo = self._tempo.after_work()
                self._gather(began, published, stop)
                continue
            woken = listener.wait(self._tempo.pause, stop)
            self._tempo = self._tempo.after_work() if woken else self._tempo.after_nothing()

    def _gather(self, began: float, published: int, stop: threading.Event) -> None:
        """Let rows gather while passes are small and slow."""
        ended = time.monotonic()
        is_full = published >= ENOUGH_ROWS
        self._gathering = self._gathering.after_batch(began=began, ended=ended, is_full=is_full)
        if pause := self._gathering.pause(ended):
            stop.wait(pause)

    def _pass(self, connection: BaseDatabaseWrapper, owner: ShardOwner) -> PassResult:
        result = relay_pass(
            connection,
            self._bus,
            shards=owner.owned,
            limit=self._settings.batch,
            policies=self._settings.policies,
            completion=self._completion,
        )
        self._losses = 0
        outage_log("database").found()
        if result.outage:
            self._breaker = self._breaker.after_outage(time.monotonic(), chance=random.random())  # noqa: S311
        elif result.taken:
            self._breaker = self._breaker.after_success()
            outage_log("broker").found()
        return result
