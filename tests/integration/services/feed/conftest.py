"""A log to project from, and Redis with feeds in it; appends publish nothing here, the outbox has its own tests."""

from typing import Any

import pytest
import redis

from tests.support.store import store_without_outbox

__all__ = ["client", "no_redis", "short_feeds", "store_without_outbox"]


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


@pytest.fixture
def short_feeds(settings: Any) -> int:
    settings.NOVA_FEED_LENGTH = 5
    return 5


@pytest.fixture
def no_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
