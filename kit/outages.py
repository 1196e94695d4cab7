"""Outages: which error means that a server is away, or asked to try again, rather than a fault.

Whoever has errors of a kind that is not known here adds it: `outages.add(MyError, lambda error: error.retriable)`.
"""

import traceback
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import kombu.exceptions
import psycopg
import redis.exceptions
from django.db.models import AutoField, Model
from django.db.utils import DatabaseError, InterfaceError, OperationalError
from psycopg.errors import UniqueViolation

from kit.postgresql.sessions import TryAgain, reads_only

# Classes of SQLSTATE that say nothing about the statement: connection, transaction rollback (deadlock, serialisation),
# resources, operator intervention, system error.
OUTAGE_CLASSES = frozenset({"08", "40", "53", "57", "58"})
# What a statement may bring upon itself, although it is of one of these classes.
QUERY_CANCELED = "57014"

ErrorT = TypeVar("ErrorT", bound=BaseException)


class ServerUnavailable(Exception):
    """Base of errors of our own that say by their class that a server is away."""


# What says by its class that a server is away.
_OUTAGE_KINDS: tuple[type[BaseException], ...] = (
    ServerUnavailable,
    kombu.exceptions.OperationalError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    # Full, or one that has just lost or found its master.
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.ClusterDownError,
)
_ADDED: dict[type[BaseException], Callable[[BaseException], bool]] = {}
# Constraints of keys that only the database gives out.
_DRAWN_KEYS: set[str] = set()


def add(kind: type[ErrorT], is_away: Callable[[ErrorT], bool]) -> None:
    """Let errors of this class count as outages where `is_away` says so."""
    _ADDED[kind] = is_away  # type: ignore[assignment]


def add_drawn_keys(models: Iterable[type[Model]]) -> None:
    """Let it count as an outage when a key of these models is taken: nobody brings one along, the database draws it.

    So its sequence is behind its rows, as after an incomplete restore, and no statement is at fault.
    """
    options = [model._meta for model in models]  # noqa: SLF001 - Django's documented API
    _DRAWN_KEYS.update(f"{of.db_table}_pkey" for of in options if isinstance(of.pk, AutoField))


def table_with_sequence_behind(error: BaseException) -> str | None:
    """The table whose sequence has given a number that a row has already; None when the error is something else."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, UniqueViolation) and cause.diag.constraint_name in _DRAWN_KEYS:
        return cause.diag.table_name
    return None


def is_outage(error: BaseException | None) -> bool:
    """Whether a server that Nova depends on was away or asked to try again, so that trying again is the answer."""
    while error is not None:
        if isinstance(error, psycopg.Error):
            return is_database_outage(error)
        if isinstance(error, _OUTAGE_KINDS):
            return True
        for kind, is_away in _ADDED.items():
            if isinstance(error, kind):
                return is_away(error)
        if isinstance(error, (OperationalError, InterfaceError)) and error.__cause__ is None:
            return True
        error = error.__cause__
    return False


def part_of(error: BaseException) -> str:
    """What people call the server that was away; where nobody knows, the error's own name."""
    if isinstance(error, (psycopg.Error, DatabaseError, InterfaceError)):
        return "database"
    return "redis" if isinstance(error, redis.exceptions.RedisError) else type(error).__name__


def is_database_outage(error: psycopg.Error) -> bool:
    """Whether PostgreSQL, the way to it or the session is what failed, and not the statement."""
    if isinstance(error, TryAgain):
        return True
    if error.sqlstate is None:
        # The client speaks, not the server: the connection is gone, unless it only refuses the statement.
        session = _session_of(error)
        connected = session is not None and not session.closed
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not connected
    if table_with_sequence_behind(error):
        return True
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        # The server takes no writes, unless it is the transaction's user who wants none.
        session = _session_of(error)
        return session is None or session.closed or reads_only(session)
    return error.sqlstate[:2] in OUTAGE_CLASSES and error.sqlstate != QUERY_CANCELED


def _session_of(error: psycopg.Error) -> psycopg.Connection[Any] | None:
    """The session of the statement that raised this.

    The error does not say which one that was; the cursor is found where it was raised.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        cursor = frame.f_locals.get("self")
        if isinstance(cursor, psycopg.Cursor):
            return cursor.connection
    return None
