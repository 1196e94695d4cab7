"""Lease: the server ends a session when its client is frozen, and only then."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from outbox.api import own_connection
from outbox.relay import lease
from outbox.relay.lease import leased
from tests.support.database import scalar
from tests.support.outbox import eventually

pytestmark = pytest.mark.usefixtures("committed_db")

SHORT = 0.5


def is_alive(pid: int) -> Callable[[], bool]:
    return lambda: bool(scalar("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid))


def pid_of(session: BaseDatabaseWrapper) -> int:
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWAL", SHORT / 3)


def test_who_waits_for_something_else_keeps_its_session(quick: None) -> None:
    with own_connection() as session, leased(session, lease=SHORT):
        pid = pid_of(session)

        for _ in range(3):
            see_a_silent_session_end()

        assert pid_of(session) == pid


def see_a_silent_session_end() -> None:
    """One that began later, has the same lease, and whose user does not renew it."""
    with own_connection() as silent:
        with silent.cursor() as cursor:
            cursor.execute("SELECT set_config('idle_session_timeout', %s, false)", [f"{SHORT * 1000:.0f}ms"])
        alive = is_alive(pid_of(silent))

        eventually(lambda: not alive(), within=5)


def test_the_server_ends_the_session_of_one_who_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen process runs no thread; here the thread's turn just never comes."""
    monkeypatch.setattr(lease, "RENEWAL", 3600.0)
    with own_connection() as session, leased(session, lease=SHORT):
        alive = is_alive(pid_of(session))

        eventually(lambda: not alive(), within=5)

        with pytest.raises(OperationalError):
            pid_of(session)


@pytest.mark.parametrize("in_transaction", [False, True])
def test_who_hangs_loses_its_session_although_its_process_lives(quick: None, in_transaction: bool) -> None:
    with own_connection() as session, leased(session, lease=SHORT, max_silence=2 * SHORT):
        session.set_autocommit(not in_transaction)
        alive = is_alive(pid_of(session))

        eventually(lambda: not alive(), within=5)
        session.close()


def test_a_lease_is_of_its_connection_only() -> None:
    with own_connection() as session, leased(session), connection.cursor() as cursor:
        cursor.execute("SHOW idle_session_timeout")
        assert cursor.fetchone() == ("0",)
