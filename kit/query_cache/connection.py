"""Redis of the query cache: left alone for a while after it was away, so that an outage costs queries nothing."""

import time
from collections.abc import Callable
from typing import TypeVar

import redis

from kit.conf import shared_conf
from kit.outage_log import outage_log
from kit.query_cache.conf import query_cache_conf
from kit.redis import shared_client

# Seconds that anybody may wait for Redis, and for which it is left alone after it was away.
TIMEOUT = 0.1
LEFT_ALONE = 1.0
ResultT = TypeVar("ResultT")


class CacheConnection:
    """What a process knows of Redis."""

    def __init__(self) -> None:
        self._away_until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether answers are kept at all."""
        return query_cache_conf().enabled and bool(shared_conf().redis_url)

    def ask(self, question: Callable[[redis.Redis], ResultT]) -> ResultT | None:
        """What Redis has answered; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            answer = question(shared_client(shared_conf().redis_url, timeout=TIMEOUT))
        except redis.RedisError as error:
            self._away_until = time.monotonic() + LEFT_ALONE
            outage_log("redis").lost(error, instead="queries are asked of the database")
            return None
        outage_log("redis").found()
        return answer


cache_connection = CacheConnection()
"""That of this process."""
