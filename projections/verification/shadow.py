"""Shadow table: an empty copy that takes a table's name for one transaction, to be filled by code that knows no other.

The copies are temporary and come first in the search path. With them in place the transaction only reads, so that the
database itself refuses a write to any table that was not copied.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Model
from msgspec import Struct
from psycopg import sql

from projections.sql.statements import statement

TEMPORARY = "pg_temp"


class Shadow(Struct, frozen=True, kw_only=True):
    """A table and its copy."""

    table: str
    schema: str
    """Where the live table is."""
    key: tuple[str, ...]
    """The columns of the primary key."""
    columns: tuple[str, ...]
    written: tuple[str, ...]
    """Those columns that are not computed from others."""

    def run(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement about the two."""
        names: dict[str, sql.Composable] = {
            "live": sql.Identifier(self.schema, self.table),
            "shadow": sql.Identifier(TEMPORARY, self.table),
            "key": _columns(self.key),
            "columns": _columns(self.written),
        }
        names |= {f"{alias}_key": _columns(self.key, alias) for alias in ("live", "shadow", "there")}
        return _run(name, names, parameters)

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The row's key, as text."""
        return " ".join(str(row[column]) for column in self.key)


def _columns(names: Iterable[str], *alias: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*alias, name) for name in names)


def see_one_snapshot() -> None:
    """Let all that the transaction reads be of one moment; it has read nothing yet."""
    _run("one_snapshot", {}, {})


def hide(models: Iterable[type[Model]]) -> list[Shadow]:
    """Put empty copies before the tables, and let the transaction write to nothing else."""
    shadows = put_before(models)
    only_read()
    return shadows


def put_before(models: Iterable[type[Model]]) -> list[Shadow]:
    """Put empty copies before the tables."""
    shadows = [_shadow(model) for model in models]
    for shadow in shadows:
        shadow.run("shadow")
    _run("hide_live_tables", {}, {})
    return shadows


def only_read() -> None:
    """Let the transaction, or the savepoint that it is in, write to nothing but copies."""
    _run("only_read", {}, {})


def wait_at_most(milliseconds: int) -> None:
    """Let the transaction wait no longer for any lock."""
    _run("wait_at_most", {}, {"milliseconds": str(milliseconds)})


def _shadow(model: type[Model]) -> Shadow:
    options = model._meta  # noqa: SLF001 - Django documents it for code that takes any model
    key, columns = (tuple(str(one.column) for one in part) for part in (options.pk_fields, options.concrete_fields))
    ((schema,),) = _run("schema_of", {}, {"table": connection.ops.quote_name(options.db_table)})
    written = tuple(str(field.column) for field in options.concrete_fields if not field.generated)
    return Shadow(table=options.db_table, schema=schema, key=key, columns=columns, written=written)


def _run(name: str, names: Mapping[str, sql.Composable], parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    # The text is one of our files; nothing but identifiers is put into it.
    text = sql.SQL(statement(name)).format(**names).as_string(connection.connection)
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters) or None)
        return cursor.fetchall() if cursor.description else []
