"""Watchdog: a thread beside a consumer that notices stalls, because a thread that is stuck cannot say so itself.

A stall is logged with the place where the thread stands and makes the process unhealthy. After twice the time, the
consumer of a stuck batch begins anew with smaller ones, and the database session is ended so that the batch does not
wait for itself; for a poll thread that is stuck nothing can be done from inside, and the worker is told to end.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence

import structlog
from django.db import connection

from outbox.consumers.partition_queue import InHand
from outbox.sql.statements import statement

log = structlog.get_logger(__name__)

# Seconds between two looks.
CHECK_INTERVAL = 0.5
# Calls of a stack that are logged.
MAX_DEPTH = 12


class Watchdog:
    """Watches one consumer."""

    def __init__(
        self,
        name: str,
        in_hand: Callable[[], Sequence[InHand]],
        *,
        limit: float,
        poll_limit: float,
        give_up: Callable[[], None],
    ) -> None:
        """`limit` is how many seconds without progress are a stall of a batch, and `poll_limit` of the poll thread.

        `give_up` tells the worker.
        """
        self._name = name
        self._in_hand = in_hand
        self._limit = limit
        self._poll_limit = poll_limit
        self._give_up = give_up
        self._poller = threading.get_ident()
        self._polled = time.monotonic()
        self._reported: set[tuple[object, float]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self.stalled: tuple[str, ...] = ()
        """What comes no further, in words."""
        self.lost: tuple[InHand, ...] = ()
        """What has come no further for twice the limit."""

    def start(self) -> None:
        """Watch; to be called by the thread that polls."""
        self._poller = threading.get_ident()
        self.polled()
        self._thread.start()

    def polled(self) -> None:
        """The poll thread has come round."""
        self._polled = time.monotonic()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()

    def end_lost_sessions(self) -> None:
        """End the database sessions of what is lost: a batch that comes again would wait for their inbox marks."""
        with connection.cursor() as cursor:
            for backend in filter(None, (work.backend for work in self.lost)):
                cursor.execute(statement("end_session"), {"backend": backend})

    def _run(self) -> None:
        while not self._stop.wait(min(CHECK_INTERVAL, self._limit / 4)):
            self.check(time.monotonic())

    def check(self, now: float) -> None:
        """See who comes no further."""
        slow = [work for work in self._in_hand() if now - work.since > self._limit]
        for work in slow:
            self._report(work.partition, work.since, work.thread, now)
        stalled = [f"{work.partition[0]}[{work.partition[1]}] for {now - work.since:.0f} s" for work in slow]
        if (silence := now - self._polled) > self._poll_limit:
            self._report("poll", self._polled, self._poller, now)
            stalled.append(f"poll for {silence:.0f} s")
        self.stalled = tuple(stalled)
        self.lost = tuple(work for work in slow if now - work.since > 2 * self._limit)
        if silence > 2 * self._poll_limit:
            log.critical("the consumer cannot be started again from inside, the worker ends", consumer=self._name)
            self._give_up()
            self._stop.set()

    def _report(self, what: object, since: float, thread: int, now: float) -> None:
        if (what, since) in self._reported:
            return
        self._reported = {(what, since)} | {seen for seen in self._reported if seen[0] != what}
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way to see where a thread stands
        stack = traceback.extract_stack(frame)[-MAX_DEPTH:] if frame else []
        log.error(
            "a consumer comes no further",
            consumer=self._name,
            what=what,
            seconds=round(now - since, 1),
            stack=[f"{entry.filename}:{entry.lineno} in {entry.name}" for entry in stack],
        )
