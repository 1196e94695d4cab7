"""A Valkey that is full makes room as in the production set: caches go, idempotency keys and queues stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
import yaml

from nova.local.servers.embedded import valkey_server
from outbox.handling.idempotency_keys import remember, unseen

ROOT = Path(__file__).parents[3]
ROOM = 16 * 1024 * 1024
CACHED = 300  # seconds, as streams are


@pytest.fixture
def valkey(tmp_path: Path, settings: Any) -> Iterator[redis.Redis]:
    """With little room, and the policy of docker-compose.yml."""
    command = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["redis"]["command"]
    policy = command[command.index("--maxmemory-policy") + 1]
    with valkey_server(tmp_path) as server, redis.Redis.from_url(server.address) as client:
        settings.REDIS_URL = server.address
        client.config_set("maxmemory", client.info("memory")["used_memory"] + ROOM)
        client.config_set("maxmemory-policy", policy)
        yield client


def test_what_expires_first_goes_first(valkey: redis.Redis) -> None:
    done = [uuid4() for _ in range(500)]
    remember("mail", done)
    valkey.lpush("celery", *(b"x" * 500 for _ in range(100)))

    for number in range(3 * ROOM // 4_096):
        valkey.set(f"events:{number}", b"x" * 4_096, ex=CACHED)

    assert valkey.info("stats")["evicted_keys"] > 1_000
    assert unseen("mail", done) == set()
    assert valkey.llen("celery") == 100
    assert valkey.exists(f"events:{number}")
