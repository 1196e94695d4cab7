"""Rate limit: how often one token may call, counted in Redis so that all web processes count together.

Redis holds nothing that cannot be lost, and a Redis that is away lets everybody pass: the limit protects the
platform from a client in a loop, not from its own outage.
"""

import functools
import time
from typing import Any

import redis
import structlog
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kit.redis import shared_client
from nova.conf import nova_conf
from nova.rest.auth import Grant

# Seconds that a request may wait for Redis, and for which Redis is left alone after it was away.
REDIS_TIMEOUT = 0.1
LEFT_ALONE = 1.0
PERIODS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

log = structlog.get_logger(__name__)


class TokenThrottle(BaseThrottle):
    """Counts the requests of a token in the running period."""

    # Process-wide: until when (monotonic seconds) Redis is left alone.
    away_until = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the token may call once more in this period."""
        grant = request.auth
        if not isinstance(grant, Grant):
            return True
        conf = nova_conf()
        most, self._period = parse_rate(conf.rate)
        if time.monotonic() < TokenThrottle.away_until:
            return True
        key = f"nova:calls:{grant.token_id}:{int(time.time()) // self._period}"
        try:
            # One pool for the process: Django's cache would open a connection for each request's thread.
            pipeline = shared_client(conf.redis_url, timeout=REDIS_TIMEOUT).pipeline(transaction=False)
            pipeline.incr(key)
            pipeline.expire(key, self._period + 1)
            count, _ = pipeline.execute()
        except redis.RedisError as error:
            TokenThrottle.away_until = time.monotonic() + LEFT_ALONE
            log.warning("calls are not counted: Redis is away", error=type(error).__name__)
            return True
        return int(count) <= most

    def wait(self) -> float:
        """Seconds until the next period begins, at least one."""
        return max(1.0, self._period - time.time() % self._period)


@functools.cache
def parse_rate(rate: str) -> tuple[int, int]:
    """Calls and seconds of a rate such as `600/s`, `10000/m`, `100000/h` or `1000000/d`."""
    calls, _, period = rate.partition("/")
    return int(calls), PERIODS[period[:1]]
