"""Write-cost tables: a schema with the tables of a variant, and a connection whose appends go there.

The connection finds its schema first, so that Nova's own statements write to its tables, and triggers and guard are
looked up there too. What an append costs is told by its backend: processor time by the kernel, WAL by PostgreSQL's
statistics of one backend, both of which other processes do not disturb.
"""

import time
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from benchmarks.events import new_event, new_stream
from benchmarks.write_costs.variants import IndexOn, Variant
from events.api import Expected, StreamWrite
from events.sql.statements import statement as events_statement
from events.store.columns import documents, hook_values, parameters
from events.store.hooks import append_only
from events.store.libpq import call, libpq_statement
from events.store.prepared import prepare
from outbox.recorder import record

TABLES = ("domain_events", "outbox_events")
TRIGGERS = ("append_guard_trigger", "append_only_trigger", "drawn_positions_trigger")
FIND_INDEX = """
SELECT i.relname, c.conname
FROM pg_index AS x
JOIN pg_class AS i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint AS c ON c.conindid = i.oid AND c.conrelid = x.indrelid
WHERE x.indrelid = %(table)s::regclass AND replace(pg_get_indexdef(i.oid), '"', '') LIKE '%%(' || %(columns)s || ')%%'
"""
WAL = "SELECT wal_bytes, wal_fpi FROM pg_stat_get_backend_wal(pg_backend_pid())"
SIZES = """
SELECT c.relname, pg_relation_size(c.oid)
FROM pg_class AS c
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'i')
ORDER BY c.relkind DESC, c.relname
"""


class Cost(Struct, frozen=True):
    """What an event costs, in an append of so many."""

    elapsed: float
    """Microseconds until the client has the answer."""
    processor: float
    """Microseconds of the backend's processor time."""
    wal: float
    """Bytes of write-ahead log."""


class VariantTables:
    """The tables of a variant."""

    def __init__(self, url: str, number: int, variant: Variant) -> None:
        self.variant = variant
        self.schema = f"variant_{number}"
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._create()
        hook = record if variant.has_outbox else append_only
        self._hook = hook
        self._one = libpq_statement(f"{events_statement('append_one')}\n{hook.one}")
        self._many = libpq_statement(f"{events_statement('append_many')}\n{hook.many}")

    def append(self, number: int, *, times: int) -> Cost:
        """So many appends to new streams, prepared before the clock runs."""
        work: list[Any] = [self._prepared(number) for _ in range(times)]
        wal, began, used = self._wal(), time.perf_counter(), self._processor()
        for values in work:
            call(self._connection, self._one if number == 1 else self._many, values)
        elapsed, used = time.perf_counter() - began, self._processor() - used
        events = number * times
        return Cost(elapsed / events * 1e6, used / events, (self._wal() - wal) / events)

    def sizes(self) -> dict[str, int]:
        """Bytes by table and index."""
        self._connection.execute("VACUUM ANALYZE domain_events")
        return dict(self._connection.execute(SIZES, {"schema": self.schema}).fetchall())

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _create(self) -> None:
        schema = sql.Identifier(self.schema)
        self._connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        self._connection.execute(sql.SQL("SET search_path TO {}, public").format(schema))
        for table in TABLES:
            copied = sql.SQL("CREATE TABLE {}.{table} (LIKE public.{table} INCLUDING ALL)")
            self._connection.execute(copied.format(schema, table=sql.Identifier(table)))
        for trigger in TRIGGERS:
            self._connection.execute(events_statement(trigger))
        for index in self.variant.lacks:
            self._drop(index)
        for change in self.variant.changes:
            self._connection.execute(change)

    def _drop(self, index: IndexOn) -> None:
        ((name, constraint),) = self._connection.execute(
            FIND_INDEX, {"table": index.table, "columns": index.columns}
        ).fetchall()
        if constraint:
            dropped = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            self._connection.execute(dropped.format(sql.Identifier(index.table), sql.Identifier(constraint)))
        else:
            self._connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))

    def _prepared(self, number: int) -> dict[str, Any]:
        write = StreamWrite(
            stream=new_stream(), expected_version=Expected.NO_STREAM, events=[new_event() for _ in range(number)]
        )
        (events,) = prepare([write])
        if not self.variant.has_hash:
            events = [replace(event, content_hash=b"") for event in events]

        def values(event: Any) -> dict[str, Any]:
            found = dict(self._hook.values(event))
            return found | ({"by_reference": True} if self.variant.by_reference else {})

        if number == 1:
            return {**parameters(write, events[0]), **hook_values(values, events[0], 0)}
        return documents([write], [events], values)

    def _processor(self) -> float:
        """Microseconds that the backend has used."""
        return int(Path(f"/proc/{self._connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e3

    def _wal(self) -> float:
        self._connection.execute("SELECT pg_stat_force_next_flush()")
        ((written, _),) = self._connection.execute(WAL).fetchall()
        return float(written)
