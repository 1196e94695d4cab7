"""Pool: an outage makes nobody wait long, neither while it lasts nor after it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg_pool import PoolTimeout

from kit.outages import is_outage
from kit.postgresql.connections import OUTAGE_TIMEOUTS, require_pool
from kit.postgresql.pool import OUTAGE_TIMEOUT, RETRY_INTERVAL, OutagePool
from tests.support.gate import Gate
from tests.support.outbox import eventually

SIZE = 4
TIMEOUT = 10.0
# Seconds for which the machine may be busy with something else.
MARGIN = 1.0

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def gate() -> Iterator[Gate]:
    """What stands between the pool and the server."""
    gate = Gate(int(connection.settings_dict["PORT"]))
    yield gate
    gate.close()


@pytest.fixture
def pooled(gate: Gate) -> Iterator[BaseDatabaseWrapper]:
    """A connection that comes from a pool, through the gate."""
    made = connection.copy(alias="pooled")
    made.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(gate.port), "CONN_MAX_AGE": 0}
    made.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": SIZE, "timeout": TIMEOUT}
    yield made
    made.close()
    made.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


@pytest.fixture
def pool(pooled: BaseDatabaseWrapper) -> OutagePool:
    """The pool, with one connection."""
    pool: OutagePool = pooled.pool  # type: ignore[attr-defined]
    pool.open(wait=True)
    return pool


def seconds_for(pool: OutagePool) -> float:
    """How long it takes to get a connection."""
    began = time.monotonic()
    pool.putconn(pool.getconn())
    return time.monotonic() - began


def told_of_outage(pooled: BaseDatabaseWrapper) -> tuple[float, bool]:
    """After how many seconds somebody is told that there is no connection, and whether that is called an outage."""
    began = time.monotonic()
    with pytest.raises(OperationalError) as raised:
        pooled.ensure_connection()
    return time.monotonic() - began, is_outage(raised.value)


def test_whoever_asks_during_an_outage_is_told_soon_and_is_served_soon_after_it(
    gate: Gate, pool: OutagePool, pooled: BaseDatabaseWrapper
) -> None:
    gate.close()

    first, outage = told_of_outage(pooled)
    later = [told_of_outage(pooled) for _ in range(3)]
    gate.open()
    after = seconds_for(pool)

    assert outage
    # The broken connection is noticed, a second later another one is asked for.
    assert first < OUTAGE_TIMEOUT + RETRY_INTERVAL + 1.1 + MARGIN
    assert all(seconds < RETRY_INTERVAL + MARGIN for seconds, _ in later)
    assert after < RETRY_INTERVAL + MARGIN


def test_an_outage_as_short_as_a_restart_is_waited_out(gate: Gate, pool: OutagePool) -> None:
    gate.close()
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(seconds_for, pool)
        eventually(lambda: pool.is_away)
        gate.open()

        assert asked.result() < OUTAGE_TIMEOUT


def test_connections_that_broke_while_nobody_used_them_are_found_all_at_once(gate: Gate, pool: OutagePool) -> None:
    with ExitStack() as used:
        for _ in range(SIZE):
            used.enter_context(pool.connection())
    eventually(lambda: pool.get_stats()["pool_available"] == SIZE)
    gate.break_off()

    assert seconds_for(pool) < 1.1 + MARGIN


def test_a_pool_that_cannot_grow_goes_on_with_what_it_has(gate: Gate, pool: OutagePool) -> None:
    with ThreadPoolExecutor(1) as thread:
        with pool.connection() as in_use:
            gate.refuse()
            asked = thread.submit(seconds_for, pool)
            eventually(lambda: pool.is_away)
            in_use.execute("SELECT 1")

        assert asked.result() < OUTAGE_TIMEOUT
    assert not pool.is_away


def test_a_pool_that_can_make_no_connection_is_found_out_and_a_busy_one_is_none(
    gate: Gate, pool: OutagePool, pooled: BaseDatabaseWrapper
) -> None:
    connections["pooled"] = pooled
    try:
        require_pool("pooled", timeout=1.0)
        with ExitStack() as used:
            for _ in range(SIZE):
                used.enter_context(pool.connection())
            with pytest.raises(PoolTimeout):
                pool.getconn(0.1)
            require_pool("pooled", timeout=0.1)
        gate.close()
        with pytest.raises(OperationalError):
            require_pool("pooled", timeout=2 * RETRY_INTERVAL + MARGIN)
        gate.open()
        require_pool("pooled", timeout=1.0)
    finally:
        del connections["pooled"]


def test_a_connection_does_not_wait_for_ever_for_a_server_that_is_gone(
    pool: OutagePool, pooled: BaseDatabaseWrapper
) -> None:
    with pool.connection() as session:
        found = session.info.get_parameters()

    assert found | {name: str(value) for name, value in OUTAGE_TIMEOUTS.items()} == found
    pooled.settings_dict["OPTIONS"]["connect_timeout"] = 3
    assert pooled.get_connection_params()["connect_timeout"] == 3
