"""Query cache that a test can rely on: Redis is not thought to be away, nor is it when the machine is busy."""

import pytest

from kit.query_cache import connection as cache_connection_module
from kit.query_cache import tags as tags_module

REDIS_TIMEOUT = 10.0
"""Seconds that Redis may take. An answer of a process that waits for a processor is late after a tenth of one."""


@pytest.fixture
def patient_query_cache(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier tests have seen of Redis is forgotten, nothing is unsent, and answers may take their time."""
    monkeypatch.setattr(cache_connection_module, "TIMEOUT", REDIS_TIMEOUT)
    monkeypatch.setattr(cache_connection_module.cache_connection, "_away_until", 0.0)
    monkeypatch.setattr(tags_module, "_unsent", set())
