"""Cursor: psycopg's own, which prepares anew what was altered, and closes sessions of servers that only read."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import psycopg
from psycopg.abc import Params, PQGen, Query
from psycopg.pq import TransactionStatus

from kit.postgresql.sessions import make_fit, raise_meaning


class SessionCursor(psycopg.Cursor[Any]):
    """A cursor that knows what its errors mean to the session; see `kit.postgresql.sessions`."""

    __slots__ = ()

    def _execute_gen(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> PQGen[None]:
        alone = self._pgconn.transaction_status == TransactionStatus.IDLE
        try:
            yield from super()._execute_gen(query, params, prepare=prepare, binary=binary)
        except psycopg.DatabaseError as error:
            yield from make_fit(self._conn, error, alone=alone)
            yield from super()._execute_gen(query, params, prepare=prepare, binary=binary)

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """As psycopg's; it is not run again, for the parameters may be gone."""
        try:
            super().executemany(query, params_seq, returning=returning)
        except psycopg.DatabaseError as error:
            raise_meaning(self._conn, error)


@cache
def with_session_care(cursors: type[psycopg.Cursor[Any]]) -> type[psycopg.Cursor[Any]]:
    """The class of cursors, as `SessionCursor`."""
    return type(cursors.__name__, (SessionCursor, cursors), {})
