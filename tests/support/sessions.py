"""Databases that are not as expected: they only read, are stricter by default, or have altered a column."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@contextmanager
def another_session() -> Iterator[BaseDatabaseWrapper]:
    """A session beside the test's own."""
    other = connection.copy()
    try:
        other.ensure_connection()
        yield other
    finally:
        other.close()


def execute(session: BaseDatabaseWrapper, *statements: str) -> None:
    """Run statements in a session."""
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def failed_over_to_a_reader() -> Iterator[None]:
    """All sessions are lost, and those that begin until the end of the block only read for as long as they live."""
    with another_session() as operator:
        execute(operator, "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on", END_OTHERS)
        connection.close()
        try:
            yield
        finally:
            execute(operator, "ALTER ROLE CURRENT_USER RESET default_transaction_read_only")


@contextmanager
def stricter_by_default(level: str) -> Iterator[None]:
    """The role's sessions have another isolation level, unless they say which."""
    execute(connection, f"ALTER ROLE CURRENT_USER SET default_transaction_isolation = '{level}'")
    connection.close()
    try:
        yield
    finally:
        connection.close()
        execute(connection, "ALTER ROLE CURRENT_USER RESET default_transaction_isolation")
        connection.close()


def become_a_reader(session: BaseDatabaseWrapper) -> None:
    """The session's server takes no writes from now on; other sessions have another server."""
    execute(session, "SET default_transaction_read_only = on")
