"""Identity sequences: whether the next number of a table is one that a row has already, and how that is mended.

A logical restore or a logical replica may bring rows without the state of their sequences. The next numbers are then
refused by the tables' keys, or come to stand before older rows, where nobody who follows the numbers looks any more.
"""

from typing import Any
from weakref import WeakSet

import psycopg
from django.db import transaction
from msgspec import Struct
from psycopg import sql

from events.exceptions import SequenceBehind
from events.sql.statements import statement
from events.store.connection import live_cursor

# Whoever connects after a restore looks once; to look each time would cost a tenth of an append.
_LOOKED_AT: "WeakSet[psycopg.Connection[Any]]" = WeakSet()


class SequenceBehindRows(Struct, frozen=True):
    """A column whose sequence is behind its rows, as `sequences_behind.sql` sees it."""

    table: str
    column: str
    next_number: int
    """What the next row would be given."""
    highest: int
    """What some row has."""

    @property
    def repair_statement(self) -> str:
        """The SQL after which the sequence goes on behind the highest row."""
        repair = sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), (SELECT max({}) FROM {}))").format(
            sql.Literal(f'"{self.table}"'), sql.Literal(self.column), sql.Identifier(self.column), self._identifier
        )
        return repair.as_string()

    @property
    def lock_statement(self) -> str:
        """The SQL after which no other transaction draws a number, until this one ends."""
        return sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(self._identifier).as_string()

    @property
    def _identifier(self) -> sql.Identifier:
        return sql.Identifier(self.table)


def sequences_behind(*, using: str = "default") -> list[SequenceBehindRows]:
    """The sequences that are behind their rows, of all tables in the search path, Nova's and others."""
    with live_cursor(using) as cursor:
        return [SequenceBehindRows(*row) for row in cursor.execute(statement("read_sequences_behind")).fetchall()]


def repair_sequence(behind: SequenceBehindRows, *, using: str = "default") -> bool:
    """Let the sequence go on behind the highest row; False when somebody else has seen to that. It is never set back.

    Waits for transactions that have written to the table, and holds later ones back meanwhile. Needs the rights of the
    table's owner.
    """
    with transaction.atomic(using=using), live_cursor(using) as cursor:
        cursor.execute(behind.lock_statement)
        still = {(found.table, found.column) for found in sequences_behind(using=using)}
        if (behind.table, behind.column) not in still:
            return False
        cursor.execute(behind.repair_statement)
        return True


def check_log_once(connection: psycopg.Connection[Any]) -> None:
    """What `check_log` does, before the first append of a connection."""
    if connection not in _LOOKED_AT:
        with psycopg.Cursor(connection) as cursor:
            _check_log(cursor)
        _LOOKED_AT.add(connection)


def check_log(*, using: str = "default") -> None:
    """Raise `SequenceBehind` when the next position of the log is one that an event has, or one below."""
    with live_cursor(using) as cursor:
        _check_log(cursor)


def _check_log(cursor: psycopg.Cursor[Any]) -> None:
    row = cursor.execute(statement("is_log_behind")).fetchone()
    if row and row[0]:
        raise SequenceBehind("domain_events")
