"""Rate limit: how often somebody may do something, counted in Redis so that all web processes count together.

Redis holds nothing that cannot be lost, and a Redis that is away lets everybody pass: the limit protects the
platform from a client in a loop, not from its own outage.
"""

import functools
import time

import redis

from kit.outage_log import outage_log
from kit.redis import shared_client
from nova.conf import nova_conf

# Seconds that a request may wait for Redis, and for which Redis is left alone after it was away.
REDIS_TIMEOUT = 0.1
LEFT_ALONE = 1.0
PERIODS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Counter:
    """Counts by key within the running second, minute, hour or day."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def count(self, key: str, rate: str) -> float | None:
        """Count one. The seconds to wait until the next period, at least one, if it was one too many."""
        return self._ask(key, rate, add=1)

    def look(self, key: str, rate: str) -> float | None:
        """The seconds to wait, if one more would be too many; counts nothing."""
        return self._ask(key, rate, add=0)

    def _ask(self, key: str, rate: str, *, add: int) -> float | None:
        # Until then (monotonic seconds) Redis is left alone.
        if time.monotonic() < self._away_until:
            return None
        most, period = parse_rate(rate)
        now = time.time()
        key = f"{key}:{int(now) // period}"
        try:
            # One pool for the process: Django's cache would open a connection for each request's thread.
            client = shared_client(nova_conf().redis_url, timeout=REDIS_TIMEOUT)
            if add:
                pipeline = client.pipeline(transaction=False)
                pipeline.incr(key)
                pipeline.expire(key, period + 1)
                count = int(pipeline.execute()[0])
            else:
                count = int(client.get(key) or 0) + 1
        except redis.RedisError as error:
            self._away_until = time.monotonic() + LEFT_ALONE
            outage_log("redis").lost(error, lost="limits of calls")
            return None
        outage_log("redis").found()
        return max(1.0, period - now % period) if count > most else None


calls = Counter()
"""Of this process: all of its threads leave Redis alone together."""


@functools.cache
def parse_rate(rate: str) -> tuple[int, int]:
    """Calls and seconds of a rate such as `600/s`, `10000/m`, `100000/h` or `1000000/d`."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period[:1]]
