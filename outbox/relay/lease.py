"""Lease: the server itself ends the session of a relay that is frozen, and with it the locks on its shards.

A process that is stopped, swapped out or cut off keeps its connection, and with it the locks on its shards. So the
server is told to end a session that says nothing for 2.5 seconds: it needs no second relay and no rights to do so. A
relay that lives has its session renewed by a thread of its own while it waits for the broker. One that wakes up after
its lease has ended finds its connection gone: it takes nothing before it owns shards again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

# Seconds of silence after which the server ends the session.
LEASE = 2.5
# Seconds of silence after which a living relay says something.
RENEWAL = 1.0
# Seconds that a loop may spend on something else than its rows. It waits for the broker with deadlines, which are
# shorter together; a loop that exceeds this hangs, and others shall have its shards.
MAX_SILENCE = 20.0

ENFORCED_BY_THE_SERVER = (
    # The usual silence: the client has no statement running.
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    # The client does not read the answer to one (not on a Unix socket, where its host cannot vanish either).
    "tcp_user_timeout",
)


@contextmanager
def leased(
    connection: BaseDatabaseWrapper, *, lease: float = LEASE, max_silence: float = MAX_SILENCE
) -> Iterator[None]:
    """Put the connection's session on a lease of so many seconds, and renew it while its user is alive."""
    with connection.cursor() as cursor:
        for setting in ENFORCED_BY_THE_SERVER:
            cursor.execute("SELECT set_config(%s, %s, false)", [setting, f"{lease * 1000:.0f}ms"])
    renewal = _Renewal(connection.connection, max_silence)
    with connection.execute_wrapper(renewal.noting):
        renewal.start()
        try:
            yield
        finally:
            renewal.end()


class _Renewal:
    """Speaks for a loop that is busy elsewhere, until its max_silence ends."""

    def __init__(self, session: "psycopg.Connection[Any]", max_silence: float) -> None:
        self._session = session
        self._max_silence = max_silence
        self._spoken = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def noting(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        """Django's wrapper of each statement: what the loop says renews the lease by itself."""
        try:
            return execute(sql, params, many, context)
        finally:
            self._spoken = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        # A loop that speaks by itself is looked at no oftener than it could fall silent.
        while not self._ended.wait(max(RENEWAL / 2, self._spoken + RENEWAL - time.monotonic())):
            silence = time.monotonic() - self._spoken
            if not RENEWAL <= silence < self._max_silence:
                continue
            # That a session is lost, the loop will find out by itself.
            with suppress(psycopg.Error):
                self._session.execute("SELECT 1")
