"""Replicas that stop, lag and die under load: whoever follows the log over REST misses no event and is refused nothing.

Events are appended all the while; the pages come from the replica, from the primary, and from either in turn.
"""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import pytest

from nova.local.processes.ports import LOOPBACK
from tests.support.appending import AppendingClients
from tests.support.databases import MortalPostgres
from tests.support.outbox import eventually
from tests.support.production import Production, production
from tests.support.standbys import REPLICA, Standby

pytestmark = pytest.mark.slow


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[MortalPostgres]:
    server = MortalPostgres(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def replica(tmp_path: Path, primary: MortalPostgres) -> Iterator[Standby]:
    server = Standby(tmp_path, primary=primary.superuser_address, database=primary.address)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nova(
    tmp_path: Path, primary: MortalPostgres, replica: Standby, redis_server_url: str, kafka_brokers: str
) -> Iterator[Production]:
    """A web server that has a replica."""
    with production(
        tmp_path,
        DATABASE_URL=primary.address,
        DATABASE_REPLICA_URLS=replica.url,
        NOVA_REPLICA_MAX_STALENESS="2",
        REDIS_URL=redis_server_url,
        KAFKA_BROKERS=kafka_brokers,
        NOVA_READY_PROCESSES="",
    ) as made:
        made.manage("migrate", "--noinput")
        made.start("web")
        made.await_web()
        yield made


class Follower(threading.Thread):
    """Reads the log from its beginning, page by page, each as far as the page before says."""

    def __init__(self, nova: Production, token: str) -> None:
        super().__init__()
        self._nova, self._headers = nova, {"Authorization": f"Bearer {token}"}
        self._over = threading.Event()
        self.seen: list[str] = []
        self.refused: list[int] = []

    def run(self) -> None:
        after = 0
        while not self._over.is_set():
            status, page = get(self._nova, f"/api/v1/events?limit=50&after={after}", self._headers)
            if status == 200:
                self.seen += [event["event_id"] for event in page["items"]]
                after = page["next"]
            else:
                self.refused.append(status)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def get(nova: Production, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    """The web server's answer."""
    connection = HTTPConnection(LOOPBACK, nova.ports["web"], timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_follower_sees_every_event_once_and_is_never_refused(nova: Production, replica: Standby) -> None:
    token = nova.manage("token", "create", "load", "--scope", "events:append", "--scope", "events:read").split()[-1]

    def state() -> str:
        return str(get(nova, "/health/ready", {})[1]["checks"][REPLICA])

    def progresses(follower: Follower) -> bool:
        number = len(follower.seen)
        return bool(eventually(lambda: len(follower.seen) > number + 50, within=60))

    eventually(lambda: state() == "ok", within=30)
    with Follower(nova, token) as follower:
        with AppendingClients(nova, token, clients=2, interval=0.02) as clients:
            for _ in range(2):
                assert progresses(follower)
                replica.pause()
                eventually(lambda: state().startswith("is behind"), within=30)
                assert progresses(follower), "by the primary"
                replica.resume()
                eventually(lambda: state() == "ok", within=60)
                assert progresses(follower)
                replica.kill()
                assert progresses(follower), "by the primary"
                replica.start()
                eventually(lambda: state() == "ok", within=60)
        eventually(lambda: set(follower.seen) >= clients.acknowledged, within=60)

    assert follower.refused == []
    assert len(follower.seen) == len(set(follower.seen))
    assert {attempt.status for attempt in clients.attempts} == {201}
    assert answered_by_the_replica(nova) > 0


def answered_by_the_replica(nova: Production) -> float:
    """How many queries the replica has answered."""
    connection = HTTPConnection(LOOPBACK, nova.ports["web"], timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    (found,) = [line for line in lines if line.startswith(f'nova_replica_reads_total{{database="{REPLICA}"}}')]
    return float(found.split()[-1])
