"""Shadow tables: a second set of a projection's tables, of the same definition, in a schema of its own.

Unchanged code fills them while that schema is first in the search path. They take the place of the tables that serve by
moving from schema to schema: names, indexes, constraints and privileges stay what they are.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from django.db import connection
from psycopg import sql

from projections.definition.projection import Projection
from projections.sql.statements import statement

# PostgreSQL's names have at most 63 bytes.
MAX_PLAIN_NAME = 40


def shadow_schema(name: str) -> str:
    """Where the tables are that a rebuild of the projection fills."""
    return f"nova_rebuild_{_as_identifier(name)}"


def previous_schema(name: str) -> str:
    """Where the tables are kept that served before the last swap."""
    return f"nova_previous_{_as_identifier(name)}"


def tables_of(projection: Projection) -> list[str]:
    """The projection's tables, in an order in which all take their locks."""
    return sorted(model._meta.db_table for model in projection.models)  # noqa: SLF001 - Django's documented API


def obstacles(tables: Sequence[str]) -> list[str]:
    """Why these tables cannot be exchanged for others, in words."""
    return [f"{table}: {obstacle}" for table, obstacle in _rows("rebuild_obstacles", tables=list(tables))]


def make_shadow(schema: str, tables: Sequence[str]) -> None:
    """Make empty tables of the same definition, without the indexes that are cheaper to make of filled ones."""
    drop_schema(schema)
    _run(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    _follow(schema, tables, late=False)


def finish_shadow(schema: str, tables: Sequence[str]) -> None:
    """Make the indexes that have waited, and let the planner know what the tables hold."""
    _follow(schema, tables, late=True)
    for table in tables:
        _run(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


@contextmanager
def preferring(schema: str) -> Iterator[None]:
    """Within it, statements mean the tables of this schema. For a transaction; an error ends that anyway."""
    [(before,)] = _rows("search_path")
    _rows("prefer_schema", schema=schema)
    yield
    _rows("restore_search_path", search_path=before)


def differences(schema: str, tables: Sequence[str]) -> list[str]:
    """What the tables of the schema have and those that serve do not, or the other way round."""
    serving = {part for (part,) in _rows("table_definition", schema=None, tables=list(tables))}
    with preferring(schema):
        others = {part for (part,) in _rows("table_definition", schema=schema, tables=list(tables))}
    return sorted(serving ^ others)


def exchange(*, coming: str, leaving: str, tables: Sequence[str]) -> None:
    """Let the tables of one schema serve, and move those that served into another one, which is made.

    The tables are locked against everybody until the transaction ends; the caller bounds how long that is waited for.
    Statements that wait meanwhile look the names up again, and find the new tables.
    """
    homes = dict(_rows("schemas_of_tables", tables=list(tables)))
    drop_schema(leaving)
    _run(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(leaving)))
    if not tables:
        return
    # Those first that nobody reads: whoever is at one, as autovacuum is, keeps no reader of the others waiting.
    _lock([sql.Identifier(coming, table) for table in tables])
    _lock([sql.Identifier(homes[table], table) for table in tables])
    for table in tables:
        _move(table, homes[table], leaving)
        _move(table, coming, homes[table])


def drop_schema(schema: str) -> None:
    """Drop a schema of ours with its tables; nothing happens where there is none. What depends on them forbids it."""
    if found := [table for (table,) in _rows("tables_in_schema", schema=schema)]:
        names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in found)
        _run(sql.SQL("DROP TABLE {}").format(names))
    _run(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(schema)))


def holders(tables: Sequence[str]) -> str:
    """Who uses the tables at this moment, in words."""
    found = _rows("table_holders", tables=list(tables))
    return ", ".join(f"process {pid} ({name or 'no name'}, for {age or 0:.1f} s)" for pid, name, age in found)


def rows_written_outside(schema: str) -> dict[str, int]:
    """How many rows of which tables outside the schema were written; what it grows by is a transaction's own."""
    return dict(_rows("rows_written_outside", schema=schema))


def _follow(schema: str, tables: Sequence[str], *, late: bool) -> None:
    statements = [
        text for is_late, text in _rows("shadow_statements", schema=schema, tables=list(tables)) if is_late == late
    ]
    with preferring(schema):
        for text in statements:
            _run(text)


def _move(table: str, source: str, target: str) -> None:
    _run(
        sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(source, table), sql.Identifier(target)),
    )


def _lock(tables: Sequence[sql.Identifier]) -> None:
    _run(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(tables)))


def _as_identifier(name: str) -> str:
    """The name itself where it can stand in an identifier, or what it has of that with a digest of all of it."""
    plain = re.sub(r"[^a-z0-9_]", "_", name.lower())[:MAX_PLAIN_NAME]
    return plain if plain == name else f"{plain[:30]}_{sha256(name.encode()).hexdigest()[:8]}"


def _rows(name: str, **parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters or None)
        found: list[Any] = cursor.fetchall()
    return found


def _run(text: "str | sql.Composed") -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
