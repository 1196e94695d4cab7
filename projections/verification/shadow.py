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
    key: str
    """The column of the primary key."""
    columns: tuple[str, ...]

    def run(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement about the two."""
        names = {
            "live": sql.Identifier(self.schema, self.table),
            "shadow": sql.Identifier(TEMPORARY, self.table),
            "key": sql.Identifier(self.key),
        }
        return _run(name, names, parameters)


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
    key, columns = options.pk.column, [field.column for field in options.concrete_fields]
    ((schema,),) = _run("schema_of", {}, {"table": connection.ops.quote_name(options.db_table)})
    return Shadow(table=options.db_table, schema=schema, key=str(key), columns=tuple(map(str, columns)))


def _run(name: str, names: Mapping[str, sql.Composable], parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    # The text is one of our files; nothing but identifiers is put into it.
    text = sql.SQL(statement(name)).format(**names).as_string(connection.connection)
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters) or None)
        return cursor.fetchall() if cursor.description else []
