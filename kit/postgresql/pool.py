"""Connection pool: psycopg's, which outlasts an outage of the server without making anybody wait long, during or after.

psycopg's own pool tries again after pauses that double for minutes, lets everybody wait in vain meanwhile, and finds
the connections that a restart has broken one by one, with such pauses in between.
"""

import select
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

RETRY_INTERVAL = 0.5
"""Seconds between two attempts to connect, as long as somebody waits for a connection."""
OUTAGE_TIMEOUT = 3.0
"""Seconds of an outage that those who want a connection wait out, as that of a restart; from then on they are told."""

Session = psycopg.Connection[Any]


class ServerAway(psycopg.OperationalError):
    """No connection to the server can be made."""


class OutagePool(ConnectionPool[Session]):
    """A pool of connections. Whoever waits for one while none can be made gets `ServerAway`, soon."""

    def __init__(self, *, check: bool, configure: Callable[[Session], object], **options: Any) -> None:
        """`check` has connections looked at before they are given; `options` are psycopg's. It is not open yet."""
        super().__init__(
            open=False,
            configure=configure,  # type: ignore[arg-type]  # what it answers is for Django
            check=self._check_alive if check else None,
            reconnect_timeout=RETRY_INTERVAL,
            **options,
        )
        self._away_since: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether attempts to connect have failed since somebody was given a connection."""
        return self._away_since is not None

    def getconn(self, timeout: float | None = None) -> Session:
        """A connection, to be put back. Raises `ServerAway`, or psycopg's `PoolTimeout` where all are in use."""
        connection = super().getconn(timeout)
        self._away_since = None
        return connection

    def reconnect_failed(self) -> None:
        """psycopg gives up an attempt after `RETRY_INTERVAL`: for those who wait, another one begins at once."""
        now = time.monotonic()
        given_up = []
        with self._lock:
            self._away_since = self._away_since or now
            if now - self._away_since >= OUTAGE_TIMEOUT:
                given_up = list(self._waiting)
                self._waiting.clear()
            somebody_waits = bool(self._waiting)
        for client in given_up:
            client.fail(ServerAway("no connection to the database server can be made"))
        if somebody_waits:
            # As the pool has nothing to be checked, this starts an attempt, unless there is one.
            self.check()

    def _check_alive(self, connection: Session) -> None:
        # A server says that it ends a session, or just closes it: then there is something to read. To ask the server
        # each time would take as long as a small query.
        if not _has_something_to_read(connection):
            return
        try:
            self.check_connection(connection)
        except psycopg.Error:
            # What has broken this one has broken the others too.
            self.drain()
            raise


def _has_something_to_read(connection: Session) -> bool:
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
