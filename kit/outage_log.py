"""Outage log: that a part is away, a process says at the beginning, twice a minute while it lasts, and at the end.

However many loops and threads meet the outage, and however often they try: they share what is said of a part.
"""

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# Seconds between two lines about an outage that lasts, or comes again at once.
INTERVAL = 30.0


class OutageLog:
    """What a process says of a part that is away."""

    def __init__(self, part: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`part` is what people call it: database, broker, redis."""
        self._part = part
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._said_at: float | None = None
        self._is_told = False
        self._failures = 0

    def lost(self, error: object, **where: Any) -> None:
        """It was away for somebody: `error` is why, and `where` says who met it."""
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            self._failures += 1
            if self._said_at is not None and now - self._said_at < INTERVAL:
                return
            self._said_at, self._is_told = now, True
            seconds, failures = round(now - self._since, 1), self._failures
        log.warning(f"{self._part} is away", reason=_reason(error), seconds=seconds, failures=failures, **where)

    def found(self) -> None:
        """It was there for somebody. Costs nothing while nobody has missed it."""
        if not self._failures:
            return
        with self._lock:
            if self._since is None:
                return
            seconds, failures, is_told = round(self._clock() - self._since, 1), self._failures, self._is_told
            self._since, self._is_told, self._failures = None, False, 0
        if is_told:
            log.info(f"{self._part} is back", seconds=seconds, failures=failures)


@cache
def outage_log(part: str) -> OutageLog:
    """The log of that part in this process."""
    return OutageLog(part)


def _reason(error: object) -> str:
    """The first line of what went wrong, with the error's class."""
    text = str(error).strip().partition("\n")[0]
    return ": ".join(filter(None, (type(error).__name__, text))) if isinstance(error, BaseException) else text
