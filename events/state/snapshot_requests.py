"""Snapshot requests: a thread tells a worker that a snapshot is due, while no command waits for that.

Requests may be lost: the next command on the aggregate finds the snapshot still due. Whoever asks never waits for Redis
and never fails.
"""

import os
import threading
import time

import structlog
from celery import current_app

from events.envelope import StreamId

log = structlog.get_logger(__name__)

TAKE_SNAPSHOT = "events.tasks.take_snapshot"
"""By name: the task needs models, and commands are part of the api, which is imported before Django has them."""
MAX_WAITING = 1_000
"""Aggregates; while Redis is away, further ones are forgotten."""
REST_AFTER_FAILURE = 5.0
"""Seconds; what is asked for meanwhile waits for the first request after them."""


class Asker:
    """Sends requests, several for one aggregate as one."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: set[StreamId] = set()
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._rests_until = 0.0
        threading.Thread(target=self._run, name="snapshot-requests", daemon=True).start()

    def ask(self, stream: StreamId) -> None:
        """Have a snapshot taken some time."""
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.add(stream)
        if time.monotonic() >= self._rests_until:
            self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            with self._lock:
                streams, self._waiting = self._waiting, set()
            try:
                for stream in streams:
                    send(stream)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the broker, a request is all that is lost
                log.warning("snapshots_not_asked_for", error=str(error), aggregates=len(streams))
                self._rests_until = time.monotonic() + REST_AFTER_FAILURE


def send(stream: StreamId) -> None:
    """Give the task to the broker."""
    current_app.send_task(
        TAKE_SNAPSHOT, args=(stream.aggregate_type, stream.aggregate_id), retry=False, ignore_result=True
    )


_asker: Asker | None = None
_creation = threading.Lock()


def ask_for_snapshot(stream: StreamId) -> None:
    """Have a worker take a snapshot of an aggregate. To be called after the commit."""
    global _asker  # noqa: PLW0603 - one thread per process
    with _creation:
        # The thread does not survive a fork.
        if _asker is None or _asker.pid != os.getpid():
            _asker = Asker()
    _asker.ask(stream)
