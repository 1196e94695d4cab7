"""How does the store talk to PostgreSQL, and what do PostgreSQL's errors mean here?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connections
from psycopg import errors
from psycopg_pool import PoolTimeout

from events.exceptions import AppendOnly, InvalidEvent, Unavailable

APPEND_ONLY_SQLSTATE = "NV001"


@contextmanager
def live_cursor(using: str = "default") -> Iterator[psycopg.Cursor[Any]]:
    """A psycopg cursor of Django's connection, inside its transaction if one is open; errors come as Nova's own."""
    connection = connections[using]
    try:
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            yield cursor
    except psycopg.Error as error:
        if connection.in_atomic_block:
            connection.needs_rollback = True
        raise_as_ours(error)
    except (InterfaceError, OperationalError) as error:
        raise Unavailable(str(error)) from error


def raise_as_ours(error: psycopg.Error) -> None:
    """Raise what the error means by its SQLSTATE, or the error itself when it means a fault of Nova."""
    if error.sqlstate == APPEND_ONLY_SQLSTATE:
        raise AppendOnly(str(error)) from error
    match error:
        case errors.SerializationFailure() | errors.DeadlockDetected() | errors.LockNotAvailable() | PoolTimeout():
            raise Unavailable(f"try again: {error}") from error
        case errors.DatetimeFieldOverflow() | errors.InvalidDatetimeFormat():
            raise InvalidEvent("a time that PostgreSQL cannot keep", pointer="/timestamp") from error
        case psycopg.OperationalError() | psycopg.InterfaceError():
            raise Unavailable(str(error)) from error
        case _:
            raise error
