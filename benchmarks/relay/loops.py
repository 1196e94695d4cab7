"""Relay loops: Nova's relay and the bare one, each of which notes when Kafka had acknowledged which event."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from benchmarks import raw
from benchmarks.relay import throughput
from outbox.bus.base import DeliveryFailure, Location, OutgoingMessage
from outbox.bus.kafka.bus import KafkaBus
from outbox.conf import outbox_conf
from outbox.hosting.hosted_loop import collect_seldom
from outbox.relay.runner import RelayRunner, RelaySettings

# Seconds without rows after which the bare loop looks again.
PAUSE = 0.0005


def nova_relay(brokers: str, acknowledged: dict[str, float], stop: threading.Event) -> None:
    """Relay as Nova does, until asked to stop."""
    collect_seldom()
    RelayRunner(_RecordingBus(brokers, acknowledged), RelaySettings.of(outbox_conf())).run(stop)


def bare_relay(brokers: str, acknowledged: dict[str, float], stop: threading.Event) -> None:
    """Relay with the same statements and the same producer, and nothing else."""
    producer = throughput.bare_producer(brokers)
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        throughput.bare_relay(client)
        while not stop.is_set():
            if not throughput.bare_pass(client, producer, acknowledged):
                time.sleep(PAUSE)


class StatementCounter:
    """Counts the statements of connections that are made from now on."""

    def __init__(self) -> None:
        self.queries = 0
        connection_created.connect(self._watch)

    def _watch(self, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(self._count)

    def _count(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.queries += 1
        return execute(*arguments)


class _RecordingBus(KafkaBus):
    """Kafka, and when it had acknowledged what."""

    def __init__(self, brokers: str, acknowledged: dict[str, float]) -> None:
        super().__init__(brokers)
        self._acknowledged = acknowledged

    def publish_batch(
        self, messages: Sequence[OutgoingMessage], *, locations: dict[int, Location] | None = None
    ) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        results = super().publish_batch(messages, locations=locations)
        now = time.perf_counter()
        for message in messages:
            self._acknowledged[dict(message.headers)["event_id"].decode()] = now
        return results
