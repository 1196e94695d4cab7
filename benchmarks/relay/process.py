"""Watched relay: it runs in a process of its own, and answers through a pipe when it is asked."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from benchmarks.setting import set_up

Kind = Literal["raw", "nova"]


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
    # Else a child that dies is waited for, for ever.
    other.close()
    try:
        assert pipe.recv() == "ready"
        yield WatchedRelay(pipe)
    finally:
        process.kill()
        process.join()


def _main(kind: Kind, brokers: str, pipe: Any) -> None:
    set_up(os.environ["DATABASE_URL"])
    # Only now: what has models cannot be imported before.
    from benchmarks.relay import loops

    counter = loops.StatementCounter()
    acknowledged: dict[str, float] = {}
    stop = threading.Event()
    loop = loops.nova_relay if kind == "nova" else loops.bare_relay
    thread = threading.Thread(target=partial(loop, brokers, acknowledged, stop))
    thread.start()
    pipe.send("ready")
    while (question := pipe.recv()) != "stop":
        pipe.send(time.process_time() if question == "cpu" else counter.queries)
    stop.set()
    thread.join()
    pipe.send(acknowledged)
