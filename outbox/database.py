"""Which connection do session locks live on, and which errors mean that a server is away rather than a fault?"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import kombu.exceptions
import psycopg
import redis.exceptions
from confluent_kafka import KafkaException
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import InterfaceError, OperationalError

from events.api import Unavailable

# Classes of SQLSTATE that say nothing about the statement: connection, transaction rollback (deadlock, serialisation),
# resources, operator intervention, system error.
OUTAGE_CLASSES = frozenset({"08", "40", "53", "57", "58"})
# What a statement may bring upon itself, although it is of one of these classes.
QUERY_CANCELED = "57014"

# What says by its class that a server is away.
AWAY = (
    Unavailable,
    kombu.exceptions.OperationalError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    # Full, or one that has just lost or found its master.
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.ClusterDownError,
)

# A host that vanishes without a word is noticed after about 11 seconds: a client's by the server, whose locks are free
# then, and the server's by the client, which would wait for an answer for ever.
CLIENT_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,  # milliseconds
}
KEEPALIVE = ("SET tcp_keepalives_idle = 5", "SET tcp_keepalives_interval = 2", "SET tcp_keepalives_count = 3")


@contextmanager
def own_connection(using: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, in no pool and shared with nobody: session locks live and die with it."""
    connection = connections[using].copy()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    connection.settings_dict["OPTIONS"] = CLIENT_KEEPALIVE | connection.settings_dict["OPTIONS"]
    try:
        with connection.cursor() as cursor:
            for setting in KEEPALIVE:
                cursor.execute(setting)
        yield connection
    finally:
        connection.close()


def use_own_connection(using: str = "default") -> None:
    """From now on, this thread has a connection outside every pool: as many threads may do so as the server bears.

    The thread closes it like any other one.
    """
    own = connections[using].copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    own.settings_dict["OPTIONS"] = CLIENT_KEEPALIVE | own.settings_dict["OPTIONS"]
    connections[using].close()
    connections[using] = own


def is_outage(error: BaseException | None) -> bool:
    """Whether a server that Nova depends on was away or asked to try again, so that trying again is the answer."""
    while error is not None:
        match error:
            case psycopg.Error():
                return _is_database_outage(error)
            case _ if isinstance(error, AWAY):
                return True
            case KafkaException():
                return bool(error.args[0].retriable())
            case OperationalError() | InterfaceError() if error.__cause__ is None:
                return True
        error = error.__cause__
    return False


def _is_database_outage(error: psycopg.Error) -> bool:
    if error.sqlstate is None:
        # The client speaks, not the server: the connection is gone, unless it only refuses the statement.
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not _is_still_connected(error)
    return error.sqlstate[:2] in OUTAGE_CLASSES and error.sqlstate != QUERY_CANCELED


def _is_still_connected(error: psycopg.Error) -> bool:
    """Whether the connection of the statement that raised this is as good as before.

    The error does not say which one that was; the cursor is found where it was raised.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        cursor = frame.f_locals.get("self")
        if isinstance(cursor, psycopg.Cursor):
            return cursor.connection.pgconn.status == psycopg.pq.ConnStatus.OK
    return False
