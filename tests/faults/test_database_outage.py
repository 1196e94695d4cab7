"""Database outage: while PostgreSQL is away requests are told so, and as soon as it is back they are served (I5)."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psycopg
import pytest

from kit.postgresql.pool import OUTAGE_TIMEOUT, RETRY_INTERVAL
from tests.support.appending import AppendingClients
from tests.support.databases import MortalPostgres
from tests.support.outbox import eventually
from tests.support.production import Production, production
from tests.support.prometheus import Prometheus, needs_prometheus, prometheus

pytestmark = [pytest.mark.slow, pytest.mark.alone]

OUTAGE = 40.0
BACK_WITHIN = 2.0
TOLD_WITHIN = OUTAGE_TIMEOUT + 3.0
"""Of an outage's first seconds, in which requests wait it out; later ones are told at once."""
STALE = 2.0
"""Seconds for which an answer of before the outage may be given of readiness, and a busy machine may take."""
PENDING_WITHIN = 30.0
POLL_INTERVAL = 0.2


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[MortalPostgres]:
    server = MortalPostgres(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nova(tmp_path: Path, postgres: MortalPostgres, redis_server_url: str, kafka_brokers: str) -> Iterator[Production]:
    """A web server and a relay, on a database of their own."""
    with production(
        tmp_path,
        DATABASE_URL=postgres.address,
        REDIS_URL=redis_server_url,
        KAFKA_BROKERS=kafka_brokers,
        KAFKA_TOPIC_PREFIX="outage",
        NOVA_READY_PROCESSES="relay",
    ) as made:
        made.manage("migrate", "--noinput")
        made.start("web", "relay")
        made.await_web()
        yield made


class Readiness:
    """What a prober is told, over and over: when it asked, when it was answered, and whether all was ready."""

    def __init__(self, nova: Production) -> None:
        self._nova = nova
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: list[tuple[float, float, bool]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(POLL_INTERVAL):
            asked = time.monotonic()
            status, _ = self._nova.ask("GET", "/health/ready")
            self.answers.append((asked, time.monotonic(), status == 200))


@needs_prometheus
def test_an_outage_is_told_while_it_lasts_and_over_when_the_server_is_back(
    nova: Production, postgres: MortalPostgres, tmp_path: Path
) -> None:
    token = nova.manage("token", "create", "clients", "--scope", "events:append").split()[-1]
    eventually(lambda: is_ready(nova), within=60)
    with (
        prometheus(tmp_path, {"web": [nova.ports["web"]], "processes": [nova.ports["relay"]]}) as watching,
        AppendingClients(nova, token, interval=0.02) as clients,
        Readiness(nova) as readiness,
    ):
        eventually(lambda: len(clients.acknowledged) > 100)
        away = time.monotonic()
        postgres.stop()
        eventually(lambda: "database" in parts_away(watching), within=PENDING_WITHIN)
        pending = time.monotonic() - away
        time.sleep(max(0.0, away + OUTAGE - time.monotonic()))
        postgres.start()
        back = time.monotonic()
        known = len(clients.acknowledged)
        eventually(lambda: len(clients.acknowledged) > known + 100)
        eventually(lambda: readiness.answers[-1][2])

    served = min(one.ended for one in clients.attempts if one.status == 201 and one.ended > away + STALE) - back
    refused = [one for one in clients.attempts if one.status != 201]
    late = [one for one in refused if one.began > away + TOLD_WITHIN]
    longest = max(one.ended - one.began for one in refused)
    print(
        f"pending after {pending:.1f} s; {len(refused)} refusals, the longest took {longest:.2f} s, "
        f"later ones {max(one.ended - one.began for one in late):.2f} s; served {served:.2f} s after the return"
    )
    assert served < BACK_WITHIN
    assert {(one.status, one.headers["Retry-After"]) for one in refused} == {(503, "1")}
    assert longest < TOLD_WITHIN
    assert max(one.ended - one.began for one in late) < RETRY_INTERVAL + 1.0

    assert not [told for asked, told, ready in readiness.answers if ready and asked > away + STALE and told < back]
    ready_again = [told for asked, told, ready in readiness.answers if ready and asked > away + STALE]
    assert not [one for one in refused if one.began > min(ready_again)]

    assert stored(postgres.address) == clients.begun == clients.acknowledged
    eventually(lambda: pending_rows(postgres.address) == 0)


def parts_away(watching: Prometheus) -> set[str]:
    """The parts of which an alert is pending or firing."""
    return {alert["labels"]["part"] for alert in watching.alerts("PartAway")}


def is_ready(nova: Production) -> bool:
    return nova.ask("GET", "/health/ready")[0] == 200


def stored(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(event_id) for (event_id,) in connection.execute("SELECT event_id FROM domain_events")}


def pending_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        return len(connection.execute("SELECT FROM outbox_events WHERE NOT published").fetchall())
