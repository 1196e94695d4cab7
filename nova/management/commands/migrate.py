"""`manage.py migrate`: Django's, which waits a few seconds for the lock of a table, and not for ever.

Whoever waits for a table's exclusive lock keeps everybody out who comes after: behind one transaction that stays open,
a migration would stop all appends. So it gives up in time, and says who was in its way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import LockNotAvailable

# Seconds.
LOCK_TIMEOUT = 5.0
MAX_LOCK_TIMEOUT = 86_400

# The transactions that are open for longest; `lock_timeout` tells of no holder.
OPEN_TRANSACTIONS = """
SELECT pid, coalesce(nullif(application_name, ''), 'a client without a name'), state,
       round(extract(epoch FROM clock_timestamp() - xact_start))::int
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
ORDER BY xact_start
LIMIT 5
"""


class Command(migrate.Command):
    """Django's `migrate` with a bound for each wait for a lock."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's, and how long to wait."""
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout",
            type=float,
            default=LOCK_TIMEOUT,
            metavar="SECONDS",
            help=f"longest wait for the lock of a table; 0 for ever (default: {LOCK_TIMEOUT:.0f})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate. Raises `CommandError` when somebody else holds a table for too long."""
        connection, seconds = connections[options["database"]], options["lock_timeout"]
        if not 0 <= seconds <= MAX_LOCK_TIMEOUT:
            raise CommandError(f"--lock-timeout must be 0 to {MAX_LOCK_TIMEOUT} seconds.")
        with bounded_lock_waits(connection, seconds):
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                raise CommandError(_explanation(connection, seconds)) from error


@contextmanager
def bounded_lock_waits(connection: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    """Have the connection's statements wait at most so many seconds for a lock, in this block; 0 for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
    _set_lock_timeout(connection, f"{seconds * 1_000:.0f}ms")
    try:
        yield
    finally:
        # The session may go back to a pool, or be broken.
        if connection.is_usable():
            _set_lock_timeout(connection, before)


def _set_lock_timeout(connection: BaseDatabaseWrapper, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [value])


def _explanation(connection: BaseDatabaseWrapper, seconds: float) -> str:
    with connection.cursor() as cursor:
        cursor.execute(OPEN_TRANSACTIONS)
        found = [f"process {pid} ({name}, {state}, for {age} s)" for pid, name, state, age in cursor.fetchall()]
    return (
        f"A table that is to be changed was in use for {seconds:g} s, and so the last migration was undone; those "
        "before it stay. Run this again when the transactions that are open for longest have ended, or end them with "
        f"SELECT pg_terminate_backend(process): {', '.join(found) or 'none is left'}. --lock-timeout lets it wait "
        "longer, and whoever needs the table waits behind it meanwhile."
    )
