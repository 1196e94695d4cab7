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

    def run(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement about the two."""
        names = {
            "live": sql.Identifier(self.schema, self.table),
            "shadow": sql.Identifier(TEMPORARY, self.table),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.key)),
        }
        return _run(name, names, parameters)

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The row's key, as text."""
        return " ".join(str(row[column]) for column in self.key)


def see_one_snapshot() -> None:
    """Let all that the transaction reads be of one moment; it has read nothing yet."""
    _run("one_snapshot", {}, {})


def hide(models: Iterable[type[Model]]) -> list[Shadow]:
    """Put empty copies before the tables, and let the transaction write to nothing else."""
    shadows = [_shadow(model) for model in models]
    for shadow in shadows:
        shadow.run("shadow")
    _run("hide_live_tables", {}, {})
    _run("only_read", {}, {})
    return shadows


def _shadow(model: type[Model]) -> Shadow:
    options = model._meta  # noqa: SLF001 - Django documents it for code that takes any model
    key, columns = (tuple(str(one.column) for one in part) for part in (options.pk_fields, options.concrete_fields))
    ((schema,),) = _run("schema_of", {}, {"table": connection.ops.quote_name(options.db_table)})
    return Shadow(table=options.db_table, schema=schema, key=key, columns=columns)


def _run(name: str, names: Mapping[str, sql.Composable], parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    # The text is one of our files; nothing but identifiers is put into it.
    text = sql.SQL(statement(name)).format(**names).as_string(connection.connection)
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters) or None)
        return cursor.fetchall() if cursor.description else []
