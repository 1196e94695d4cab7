"""Watched processes: relay, consumer and projection run in one each, and answer through a pipe when asked."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from benchmarks.setting import set_up

Part = Literal["raw relay", "nova relay", "raw consumer", "nova consumer", "raw projection", "nova projection"]


class Watched:
    """The parent's end."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        return float(self._ask("cpu"))

    def handled(self) -> int:
        """How many events have had their effect."""
        return int(self._ask("handled"))

    def committed(self) -> dict[str, float]:
        """When the effect of each event was committed, by its id, on the clock of `time.perf_counter`. Ends it."""
        committed: dict[str, float] = self._ask("stop")
        return committed

    def _ask(self, question: str) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


@contextmanager
def watched(part: Part, brokers: str = "", group: str = "") -> Iterator[Watched]:
    """A relay, a consumer or a projection, which needs no broker, that has begun: Nova's, or the bare loop."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_main, args=(part, brokers, group, other), daemon=True)
    process.start()
    # Else a child that dies is waited for, for ever.
    other.close()
    try:
        assert pipe.recv() == "ready"
        yield Watched(pipe)
    finally:
        process.kill()
        process.join()


def _main(part: Part, brokers: str, group: str, pipe: Any) -> None:
    set_up(os.environ["DATABASE_URL"])
    # Only now: what has models cannot be imported before.
    from benchmarks.consumers import loops as effect_loops
    from benchmarks.projections import loops as projection_loops

    committed: dict[str, float] = {}
    stop = threading.Event()
    loops: dict[Part, Callable[[], None]] = {
        "raw relay": partial(effect_loops.bare_relay, brokers, stop),
        "nova relay": partial(effect_loops.nova_relay, brokers, stop),
        "raw consumer": partial(effect_loops.bare_consumer, brokers, group, committed, stop),
        "nova consumer": partial(effect_loops.nova_consumer, brokers, group, committed, stop),
        "raw projection": partial(projection_loops.bare_projection, committed, stop),
        "nova projection": partial(projection_loops.nova_projection, committed, stop),
    }
    thread = threading.Thread(target=loops[part])
    thread.start()
    pipe.send("ready")
    while (question := pipe.recv()) != "stop":
        pipe.send(time.process_time() if question == "cpu" else len(committed))
    stop.set()
    thread.join()
    pipe.send(committed)
