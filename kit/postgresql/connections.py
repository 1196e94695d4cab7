"""Connections of one's own: outside every pool, so that session locks live and die with them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg_pool import PoolTimeout

from kit.postgresql import sessions
from kit.postgresql.pool import OutagePool

# A host that vanishes without a word is noticed after about 11 seconds: a client's by the server, whose locks are free
# then, and the server's by the client, which would wait for an answer for ever.
CLIENT_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,  # milliseconds
}
# Seconds that each host may take to let a client in; psycopg alone waits for 130.
CONNECT_TIMEOUT = 5
OUTAGE_TIMEOUTS = CLIENT_KEEPALIVE | {"connect_timeout": CONNECT_TIMEOUT}
"""What every connection is made with, unless the settings say otherwise."""
KEEPALIVE = ("SET tcp_keepalives_idle = 5", "SET tcp_keepalives_interval = 2", "SET tcp_keepalives_count = 3")


@contextmanager
def own_connection(using: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, in no pool and shared with nobody: session locks live and die with it."""
    connection = connections[using].copy()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    try:
        with connection.cursor() as cursor:
            for setting in KEEPALIVE:
                cursor.execute(setting)
        yield connection
    finally:
        connection.close()


def require_pool(using: str = "default", *, timeout: float) -> None:
    """Raise Django's `OperationalError` where this process's pool can make no connection within so many seconds.

    One all of whose connections are in use is no reason, nor is none at all.
    """
    connection = connections[using]
    pool: OutagePool | None = connection.pool  # type: ignore[attr-defined]  # of `kit.postgresql`
    if pool is None:
        return
    pool.open()
    with connection.wrap_database_errors:
        try:
            pool.putconn(pool.getconn(timeout))
        except PoolTimeout:
            if pool.is_away:
                raise


def require_writable(connection: BaseDatabaseWrapper) -> None:
    """Raise Django's `OperationalError` where the server takes no writes, as its last answer to the connection said.

    For who is about to do outside the database what it could not keep then. Asks nobody; the session is closed.
    """
    with connection.wrap_database_errors:
        sessions.require_writable(connection.connection)


def use_own_connection(using: str = "default") -> None:
    """From now on, this thread has a connection outside every pool: as many threads may do so as the server bears.

    The thread closes it like any other one.
    """
    own = connections[using].copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    connections[using].close()
    connections[using] = own
