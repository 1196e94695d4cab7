"""Hosted loop: a loop inside a worker, in a thread of its own, started again when it breaks down."""

import gc
import random
import threading
from collections.abc import Callable
from typing import Protocol

import structlog
from django.db import connections

from kit.pacing.retry import RetryPolicy

log = structlog.get_logger(__name__)

# Objects made in excess of those freed after which Python looks for cycles.
COLLECT_AFTER = 20_000
BROKEN_DOWN = RetryPolicy(limit=0, base=0.5, cap=10.0)


def collect_seldom() -> None:
    """Make a process fit for many messages: to be called once, when its code is loaded.

    Messages come by the thousand, form no cycles and are gone soon. Looking for cycles among them as often as Python
    does by default, and among all loaded code, takes a quarter of a consumer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


class Loop(Protocol):
    """Something that runs until it is asked to stop."""

    def run(self, stop: threading.Event) -> None:
        """Run; return soon after `stop` is set."""
        ...


class Host:
    """A thread for a loop."""

    def __init__(self, name: str, factory: Callable[[], Loop]) -> None:
        """`factory` makes the loop, anew after each breakdown."""
        self._name = name
        self._factory = factory
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the loop to finish what it has in hand."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait for the end, at most `timeout` seconds."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("a loop did not stop in time", loop=self._name)

    def _run(self) -> None:
        breakdowns = 0
        while not self._stop.is_set():
            try:
                self._factory().run(self._stop)
            except Exception:
                breakdowns += 1
                log.exception("a loop broke down and is started again", loop=self._name)
                connections.close_all()
                self._stop.wait(BROKEN_DOWN.delay(breakdowns, chance=0.5 + random.random() / 2))  # noqa: S311
        connections.close_all()
