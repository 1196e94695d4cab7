"""Redis clients: every wait is bounded, and nothing is tried again unless it is said.

A client connects when it is first used. Whoever can do without Redis catches `redis.RedisError`.
"""

import os
from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client(url: str, *, timeout: float, connect_timeout: float | None = None, retries: int = 0) -> redis.Redis:
    """A client of its own, with a pool of connections.

    `timeout` is how many seconds an answer may take, and a connection too where nothing else is said. What has failed
    is tried at once as often again as `retries` says.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout if connect_timeout is None else connect_timeout,
        retry=Retry(NoBackoff(), retries),
    )


def shared_client(url: str, *, timeout: float) -> redis.Redis:
    """The client that all threads of this process share."""
    return _shared_client(url, timeout, os.getpid())


@cache
def _shared_client(url: str, timeout: float, _pid: int) -> redis.Redis:
    # By process number: connections are not shared across a fork.
    return redis_client(url, timeout=timeout)
