"""Rate limit: how often somebody may do something, counted in Redis so that all web processes count together.

A process takes a small share of a limit at once, and asks Redis again when it is used up: most calls ask nobody. What a
process has taken and not used when the period ends is lost to others, a hundredth of the limit at most.
Redis holds nothing that cannot be lost, and a Redis that is away lets everybody pass: the limit protects the
platform from a client in a loop, not from its own outage.
"""

import functools
import time
from threading import Lock

import redis
from msgspec import Struct

from kit.outage_log import outage_log
from kit.redis import shared_client
from nova.conf import nova_conf

# Seconds that a request may wait for Redis, and for which Redis is left alone after it was away.
REDIS_TIMEOUT = 0.1
LEFT_ALONE = 1.0
PERIODS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SHARES = 100
"""Into so many parts a limit is divided; a process takes one at once, or one call where a limit is smaller."""
MAX_TAKEN = 4_096
"""Keys for which a process remembers what it has taken; memory stays bounded."""


class Taken(Struct):
    """What this process has taken of a limit in a period, and not yet used."""

    window: int
    left: int


class Counter:
    """Counts by key within the running second, minute, hour or day."""

    def __init__(self) -> None:
        self._away_until = 0.0
        self._taken: dict[str, Taken] = {}
        self._lock = Lock()

    def count(self, key: str, rate: str) -> float | None:
        """Count one. The seconds to wait until the next period, at least one, if it was one too many."""
        most, period = parse_rate(rate)
        now = time.time()
        window = int(now) // period
        if self._use(key, window):
            return None
        share = max(1, most // SHARES)
        counted = self._ask(key, window, period, add=share)
        if counted is None:
            return None
        # Of the last share there may be a part only.
        left = min(share, most - counted + share) - 1
        if left > 0:
            self._keep(key, Taken(window, left))
        return max(1.0, period - now % period) if left < 0 else None

    def look(self, key: str, rate: str) -> float | None:
        """The seconds to wait, if one more would be too many; counts nothing."""
        most, period = parse_rate(rate)
        now = time.time()
        counted = self._ask(key, int(now) // period, period, add=0)
        return max(1.0, period - now % period) if counted is not None and counted >= most else None

    def forget(self) -> None:
        """Ask Redis anew for everything."""
        with self._lock:
            self._taken.clear()
        self._away_until = 0.0

    def _use(self, key: str, window: int) -> bool:
        with self._lock:
            taken = self._taken.get(key)
            if taken is None or taken.window != window or not taken.left:
                return False
            taken.left -= 1
            return True

    def _keep(self, key: str, taken: Taken) -> None:
        with self._lock:
            if len(self._taken) >= MAX_TAKEN:
                self._taken.clear()
            self._taken[key] = taken

    def _ask(self, key: str, window: int, period: int, *, add: int) -> int | None:
        """What all processes have taken in this period, with what is added; None while Redis is away."""
        # Until then (monotonic seconds) Redis is left alone.
        if time.monotonic() < self._away_until:
            return None
        key = f"{key}:{window}"
        try:
            # One pool for the process: Django's cache would open a connection for each request's thread.
            client = shared_client(nova_conf().redis_url, timeout=REDIS_TIMEOUT)
            if add:
                pipeline = client.pipeline(transaction=False)
                pipeline.incrby(key, add)
                pipeline.expire(key, period + 1)
                counted = int(pipeline.execute()[0])
            else:
                counted = int(client.get(key) or 0)
        except redis.RedisError as error:
            self._away_until = time.monotonic() + LEFT_ALONE
            outage_log("redis").lost(error, lost="limits of calls")
            return None
        outage_log("redis").found()
        return counted


calls = Counter()
"""Of this process: all of its threads leave Redis alone together."""


@functools.cache
def parse_rate(rate: str) -> tuple[int, int]:
    """Calls and seconds of a rate such as `600/s`, `10000/m`, `100000/h` or `1000000/d`."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period[:1]]
