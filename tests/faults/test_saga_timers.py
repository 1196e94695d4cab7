"""Timers of sagas among a hundred thousand: what is due fires within seconds and once, whoever looks and is killed.

Workers of the production set look, on a PostgreSQL of their own, which keeps the time of each commit: that is when a
timer has fired. How its statements spent their time it keeps, too.
"""

import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from msgspec import Struct

from nova.services.moderation.sagas import REVIEW_TIME
from sagas.api import fire_due
from sagas.sql.statements import statement
from tests.support.database import rows, scalar
from tests.support.databases import MortalPostgres
from tests.support.flagged_cases import begin_cases
from tests.support.outbox import eventually, unique
from tests.support.production import START_TIMEOUT, Production, production, worker_command
from tests.support.proofs_of_time import prove
from tests.support.restores import moved_to
from tests.support.sessions import execute

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("redis_url")]

WAITING, DUE = 100_000, 1_000
WINDOW = timedelta(seconds=20)
"""In which timers become due, evenly."""
NOTICE = timedelta(seconds=3)
"""Before the first is due."""
IN_TIME = 2.0
"""Seconds within which 99 of 100 fire."""
BEAT_INTERVAL = 4.0
"""As NOVA_BEAT_INTERVAL has it."""
FIRED_WITHIN = 60.0
TABLES = ("saga_state", "saga_timers")


class Fired(Struct, frozen=True, kw_only=True):
    """How late timers have fired, in seconds, and what looking for them took of the database's work."""

    p50: float
    p99: float
    longest: float
    share: float
    """Of the time that all statements took, from 0 to 1."""


@pytest.fixture(scope="module")
def programs(
    tmp_path_factory: pytest.TempPathFactory, redis_server_url: str, kafka_brokers: str, django_db_blocker: Any
) -> Iterator[Production]:
    """A production set of which nothing runs yet; a hundred thousand cases wait in its database."""
    directory = tmp_path_factory.mktemp("timers")
    postgres = MortalPostgres(directory)
    postgres.start()
    postgres.configure(track_commit_timestamp="on", shared_preload_libraries="pg_stat_statements")
    postgres.stop()
    postgres.start()
    with psycopg.connect(postgres.superuser_address, dbname="nova") as superuser:
        superuser.execute("CREATE EXTENSION pg_stat_statements")
    environment = {"DATABASE_URL": postgres.address, "REDIS_URL": redis_server_url, "KAFKA_BROKERS": kafka_brokers}
    with (
        production(directory, **environment, KAFKA_TOPIC_PREFIX=unique("timers")) as made,
        django_db_blocker.unblock(),
        moved_to(postgres.address),
    ):
        made.manage("migrate", "--noinput")
        made.manage("topics", "create")
        made.commands |= {name: worker_command(name, "--runners=sagas") for name in ("one", "other")}
        made.commands["celery"] = worker_command("celery", "--concurrency=4")
        now = datetime.now(UTC)
        begin_cases([now + timedelta(hours=1) + timedelta(hours=22) * place / WAITING for place in range(WAITING)])
        yield made
    postgres.stop()


def test_looking_for_what_is_due_reads_what_is_due_alone(programs: Production) -> None:
    now = datetime.now(UTC)
    keys = begin_cases([now - timedelta(seconds=1)] * DUE)
    untold = plan_of_look(now)
    execute(connection, "ANALYZE saga_state, saga_timers")
    told = plan_of_look(now)

    for plan in (untold, told):
        assert "Seq Scan" not in plan
        assert "saga_timers_due" in plan
    fired = 0
    while looked_at := fire_due():
        fired += looked_at
    assert fired == DUE
    assert_each_fired_once(keys)


def plan_of_look(now: datetime) -> str:
    """How PostgreSQL finds what is due, and what it takes."""
    parameters: dict[str, Any] = {"now": now, "saga_types": ["moderation", "order-fulfilment"], "limit": 500}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement('lock_due')}", parameters)
        (plan,) = cursor.fetchone()
        transaction.set_rollback(True)
    text = json.dumps(plan)
    print(f"{plan[0]['Execution Time']} ms: {text}")
    return text


@pytest.mark.parametrize("workers", [("one",), ("one", "other")], ids=["one-loop", "two-loops"])
def test_what_is_due_fires_in_time_and_once(programs: Production, workers: Sequence[str]) -> None:
    with running(programs, *workers):
        figures = prove(fire_all, lambda fired: fired.p99 < IN_TIME)

    print(f"{len(workers)} loops: {figures}")
    assert figures.p99 < IN_TIME


def test_beat_takes_over_from_a_loop_that_is_killed(programs: Production) -> None:
    def kill() -> None:
        programs.kill("one")

    with running(programs, "one", "celery", "beat"):
        figures = prove(lambda: fire_all(kill), lambda fired: fired.longest < BEAT_INTERVAL + IN_TIME)

    print(f"loop killed: {figures}")
    assert programs.processes["one"].returncode == -signal.SIGKILL
    assert figures.longest < BEAT_INTERVAL + IN_TIME


@contextmanager
def running(programs: Production, *names: str) -> Iterator[None]:
    """These programs, and no other."""
    programs.start(*names)
    try:
        for name in names:
            if name != "beat":
                eventually(lambda name=name: has_signed(programs.processes[name].pid), within=START_TIMEOUT)  # type: ignore[misc]
        yield
    finally:
        for name in names:
            programs.kill(name)


def has_signed(pid: int) -> bool:
    """Whether that process has given a sign of life: its loop turns, or beat reaches it."""
    return bool(scalar("SELECT count(*) FROM process_heartbeats WHERE pid = %s", pid))


def fire_all(halfway: Callable[[], None] = lambda: None) -> Fired:
    """Let timers become due one after the other, and wait until all of them have fired; `halfway` comes in between.

    Fails if one is lost, fires twice, or if a table was read through to find it.
    """
    # What this test asks is no look of theirs.
    execute(connection, "SET enable_seqscan = off")
    first = datetime.now(UTC) + NOTICE
    last = first + WINDOW
    keys = begin_cases([first + WINDOW * place / DUE for place in range(DUE)])
    scans, work = sequential_scans(), statement_times()
    time.sleep((first + WINDOW / 2 - datetime.now(UTC)).total_seconds())
    halfway()
    time.sleep((last - datetime.now(UTC)).total_seconds())
    left = "SELECT count(*) FROM saga_timers WHERE due_at <= %s"
    eventually(lambda: scalar(left, last) == 0, within=FIRED_WITHIN)
    assert sequential_scans() == scans
    looks, all_statements = (now - before for now, before in zip(statement_times(), work, strict=True))
    assert_each_fired_once(keys)
    late = lateness(keys)
    cuts = statistics.quantiles(late, n=100)
    return Fired(p50=cuts[49], p99=cuts[98], longest=max(late), share=looks / all_statements)


def assert_each_fired_once(keys: Sequence[str]) -> None:
    """Fail if a case's timer has fired more or less than once, or not asked for what follows."""
    fired = rows(
        "SELECT s.key, count(t.id), min(s.version), "
        "(SELECT count(*) FROM domain_events e WHERE e.aggregate_type = 'moderation' AND e.aggregate_id = s.key) "
        "FROM saga_state s LEFT JOIN saga_transitions t ON t.saga_id = s.saga_id AND t.cause = 'timer' "
        "WHERE s.key = ANY(%s) AND s.saga_type = 'moderation' GROUP BY s.key",
        list(keys),
    )
    assert {key: counts for key, *counts in fired} == {key: [1, 2, 1] for key in keys}


def lateness(keys: Sequence[str]) -> list[float]:
    """Seconds from when a timer was due until what it did was committed."""
    late = rows(
        "SELECT extract(epoch FROM pg_xact_commit_timestamp(t.xmin) - s.started_at - %s)::float8 "
        "FROM saga_state s JOIN saga_transitions t USING (saga_id) "
        "WHERE s.key = ANY(%s) AND s.saga_type = 'moderation' AND t.cause = 'timer'",
        REVIEW_TIME,
        list(keys),
    )
    return [seconds for (seconds,) in late]


def sequential_scans() -> list[tuple[Any, ...]]:
    """How often the tables were read through."""
    return rows("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(%s) ORDER BY 1", list(TABLES))


def statement_times() -> tuple[float, float]:
    """Milliseconds that looks at the timers took so far, and all statements."""
    found = rows(
        "SELECT coalesce(sum(total_exec_time) FILTER (WHERE query LIKE '%%saga_timers%%SKIP LOCKED%%'), 0), "
        "sum(total_exec_time) FROM pg_stat_statements"
    )
    return float(found[0][0]), float(found[0][1])
