"""Watched relay: it runs in a process of its own, and answers through a pipe when it is asked."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from benchmarks import raw
from benchmarks.relay import bare_pass, bare_producer, bare_relay
from benchmarks.setting import set_up
from outbox.bus.base import DeliveryFailure, OutgoingMessage
from outbox.bus.kafka.bus import KafkaBus
from outbox.conf import outbox_conf
from outbox.hosting.hosted_loop import collect_seldom
from outbox.relay.runner import RelayRunner, RelaySettings

Kind = Literal["raw", "nova"]
# Seconds without rows after which the bare loop looks again.
PAUSE = 0.0005


class WatchedRelay:
    """The parent's end."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        return float(self._ask("cpu"))

    def queries(self) -> int:
        """How many statements it has executed; the server's own count would have autovacuum's among them."""
        return int(self._ask("queries"))

    def acknowledged(self) -> dict[str, float]:
        """When Kafka had acknowledged each event, by its id, on the clock of `time.perf_counter`. Ends the relay."""
        acknowledged: dict[str, float] = self._ask("stop")
        return acknowledged

    def _ask(self, question: str) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


@contextmanager
def watched_relay(kind: Kind, brokers: str) -> Iterator[WatchedRelay]:
    """A relay that has begun: Nova's, or the bare loop."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_main, args=(kind, brokers, other), daemon=True)
    process.start()
    try:
        assert pipe.recv() == "ready"
        yield WatchedRelay(pipe)
    finally:
        process.kill()
        process.join()


def _main(kind: Kind, brokers: str, pipe: Any) -> None:
    set_up(os.environ["DATABASE_URL"])
    counter = _Counter()
    connection_created.connect(counter.watch)
    acknowledged: dict[str, float] = {}
    stop = threading.Event()
    loop: Callable[[], None]
    if kind == "nova":
        collect_seldom()
        runner = RelayRunner(_RecordingBus(brokers, acknowledged), RelaySettings.of(outbox_conf()))
        loop = lambda: runner.run(stop)  # noqa: E731
    else:
        loop = lambda: _bare_loop(brokers, acknowledged, stop)  # noqa: E731
    thread = threading.Thread(target=loop)
    thread.start()
    pipe.send("ready")
    while (question := pipe.recv()) != "stop":
        pipe.send(time.process_time() if question == "cpu" else counter.queries)
    stop.set()
    thread.join()
    pipe.send(acknowledged)


def _bare_loop(brokers: str, acknowledged: dict[str, float], stop: threading.Event) -> None:
    producer = bare_producer(brokers)
    with raw.connect(os.environ["DATABASE_URL"]) as client:
        bare_relay(client)
        while not stop.is_set():
            if not bare_pass(client, producer, acknowledged):
                time.sleep(PAUSE)


class _Counter:
    """Counts the statements of connections that are made from now on."""

    def __init__(self) -> None:
        self.queries = 0

    def watch(self, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(self._count)

    def _count(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.queries += 1
        return execute(*arguments)


class _RecordingBus(KafkaBus):
    """Kafka, and when it had acknowledged what."""

    def __init__(self, brokers: str, acknowledged: dict[str, float]) -> None:
        super().__init__(brokers)
        self._acknowledged = acknowledged

    def publish_batch(self, messages: Sequence[OutgoingMessage]) -> list[DeliveryFailure | None]:
        """See `Bus`."""
        results = super().publish_batch(messages)
        now = time.perf_counter()
        for message in messages:
            self._acknowledged[dict(message.headers)["event_id"].decode()] = now
        return results
