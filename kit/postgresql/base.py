"""Database backend: Django's for PostgreSQL, for sessions that are kept for long.

`ENGINE` is `kit.postgresql`. Its cursors are `SessionCursor`s, and its transactions read what is committed, whatever
the defaults of the role or the database are: a later statement of theirs sees more than an earlier one, on which
whoever takes a lock and looks then relies.
"""

from typing import Any

import psycopg
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from kit.postgresql.connections import OUTAGE_TIMEOUTS
from kit.postgresql.cursors import with_session_care
from kit.postgresql.pool import OutagePool
from kit.postgresql.poolers import require_kept


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL."""

    # Django's own: those of all connections of the process, by alias.
    _connection_pools: dict[str, OutagePool]

    def get_connection_params(self) -> dict[str, Any]:
        """psycopg's parameters."""
        parameters: dict[str, Any] = OUTAGE_TIMEOUTS | super().get_connection_params()
        parameters["cursor_factory"] = with_session_care(parameters["cursor_factory"])
        return parameters

    @property
    def pool(self) -> OutagePool | None:
        """The process's pool for this database; none where the settings want none."""
        options = self.settings_dict["OPTIONS"].get("pool")
        # Whether persistent connections are wanted as well, which cannot be, Django says.
        wanted = options and self.alias != NO_DB_ALIAS and not self.settings_dict["CONN_MAX_AGE"]
        if wanted and self.alias not in self._connection_pools:
            pool = OutagePool(
                check=self.settings_dict["CONN_HEALTH_CHECKS"],
                configure=self._configure_connection,
                # Sessions begin in autocommit; Django sets it as it wants it.
                kwargs={**self.get_connection_params(), "autocommit": True},
                **({} if options is True else options),
            )
            # Of threads that come here at once, the first one's counts.
            self._connection_pools.setdefault(self.alias, pool)
        found: OutagePool | None = super().pool
        return found

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> bool:
        """Once for each session, in a pool or not; whether there is something to commit.

        Raises `SessionNotKept` where a pooler lends the session to others.
        """
        # First of all: what is prepared in a session that is lent out collides with what others have prepared.
        if self._set_isolation(connection) != connection.info.backend_pid:
            connection.rollback()
            require_kept(connection)
            self._set_isolation(connection)
        super()._configure_connection(connection)  # type: ignore[misc]  # the stubs do not know it
        return True

    def _set_isolation(self, connection: psycopg.Connection[Any]) -> int:
        """Set the default of the session's transactions; the process at the server that has done so."""
        level = IsolationLevel(self.settings_dict["OPTIONS"].get("isolation_level", IsolationLevel.READ_COMMITTED))
        answer = connection.execute(
            "SELECT pg_backend_pid(), set_config('default_transaction_isolation', %s, false)",
            [level.name.replace("_", " ").lower()],
            prepare=False,
        )
        return int(answer.fetchone()[0])  # type: ignore[index]  # it always has one row
