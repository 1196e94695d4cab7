"""Database connection of the store: Django's own, used past its cursors; PostgreSQL's errors become Nova's."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Any, NoReturn

import psycopg
from django.db import InterfaceError, OperationalError, connections, transaction
from psycopg import errors

from events.exceptions import AppendOnly, InvalidEvent, SequenceBehind, Unavailable
from kit.outages import is_database_outage, table_with_sequence_behind
from kit.postgresql.cursors import SessionCursor

APPEND_ONLY_SQLSTATE = "NV001"
SEQUENCE_BEHIND_SQLSTATE = "NV002"


class live_connection:  # noqa: N801 - it reads as a function
    """Django's connection, inside its transaction if one is open; errors come as Nova's own.

    A context manager without a generator, for each append enters one.
    """

    __slots__ = ("_connection",)

    def __init__(self, using: str = "default") -> None:
        self._connection = connections[using]

    def __enter__(self) -> psycopg.Connection[Any]:
        try:
            self._connection.ensure_connection()
        except (psycopg.Error, InterfaceError, OperationalError) as error:
            self._raise(error)
        connection: psycopg.Connection[Any] = self._connection.connection
        return connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, psycopg.Error | InterfaceError | OperationalError):
            self._raise(error)

    def _raise(self, error: Exception) -> NoReturn:
        if not isinstance(error, psycopg.Error):
            raise Unavailable(str(error)) from error
        connection = self._connection
        if connection.in_atomic_block:
            connection.needs_rollback = True
        elif connection.connection.closed:
            # Django keeps what it does not know to be broken; the next call connects again.
            connection.close()
        raise_as_ours(error)


@contextmanager
def live_cursor(using: str = "default") -> Iterator[psycopg.Cursor[Any]]:
    """A psycopg cursor of Django's connection; see `live_connection`."""
    # Not the connection's own class of cursors, which measures every statement at a tenth of an append's cost.
    with live_connection(using) as connection, SessionCursor(connection) as cursor:
        yield cursor


def savepoint(using: str = "default") -> AbstractContextManager[None]:
    """Inside an open transaction, a savepoint that an error goes back to; outside, each statement is for itself."""
    connection = connections[using]
    is_open = connection.in_atomic_block or not connection.get_autocommit()
    return transaction.atomic(using=using) if is_open else nullcontext()


def raise_as_ours(error: psycopg.Error) -> NoReturn:
    """Raise what the error means by its SQLSTATE, or the error itself when it means a fault of Nova."""
    match error:
        case _ if error.sqlstate == APPEND_ONLY_SQLSTATE:
            raise AppendOnly(str(error)) from error
        case _ if error.sqlstate == SEQUENCE_BEHIND_SQLSTATE:
            raise SequenceBehind(error.diag.table_name or "") from error
        case _ if table := table_with_sequence_behind(error):
            raise SequenceBehind(table) from error
        case errors.DatetimeFieldOverflow() | errors.InvalidDatetimeFormat():
            raise InvalidEvent("a time that PostgreSQL cannot keep", pointer="/timestamp") from error
        case (
            errors.SerializationFailure()
            | errors.DeadlockDetected()
            | errors.LockNotAvailable()
            | errors.QueryCanceled()
        ):
            # No server is away: another transaction was in the way, and the same call may well succeed later.
            raise Unavailable(f"try again: {error}") from error
        case _ if is_database_outage(error):
            raise Unavailable(str(error)) from error
        case _:
            raise error
