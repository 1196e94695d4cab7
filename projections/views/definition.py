"""Materialised view: rows that are computed from other tables and kept, instead of computed for each query.

There are two kinds. A *full* view is PostgreSQL's own, which is computed anew by a schedule: it is as old as its last
refresh. An *incremental* one is a table of a projection, which computes those groups anew whose rows a batch has
changed, in that batch's transaction: it has seen what its projection has.
"""

from collections.abc import Collection
from hashlib import sha256

from django.db import connection
from django.db.models import Model
from msgspec import Struct
from psycopg import sql

from projections.sql.statements import statement

MAX_NAME = 63
"""Bytes of a name in PostgreSQL."""


class FullView(Struct, frozen=True, kw_only=True):
    """A view that is computed anew as a whole; a migration makes it, by `projections.views.operations.MakeView`."""

    name: str
    """That of the view, and of the relation in the database."""
    query: str
    """A SELECT without parameters; of tables of which no projection is the owner, for a rebuild exchanges those."""
    unique: tuple[str, ...]
    """Columns that no two rows have alike: without them, readers would wait for a refresh."""
    interval: float = 60.0
    """Seconds from the beginning of one refresh to that of the next."""
    cache_tags: tuple[str, ...] = ()
    """Tags of cached answers that it is in; they are forgotten after a refresh."""

    @property
    def digest(self) -> str:
        """What the database keeps, to tell whether its view is this one."""
        return sha256("\0".join((self.query, *self.unique)).encode()).hexdigest()


class IncrementalView(Struct, frozen=True, kw_only=True, eq=False):
    """A view that follows a projection, group by group.

    The projection has the table among its `models` and calls `recompute` in `apply_batch`, after it has changed the
    rows that groups are made of. So the table is rebuilt, verified and rolled back as the projection's others are.
    """

    name: str
    """That of the view."""
    projection: str
    """The name of the projection whose batches keep it."""
    model: type[Model]
    """Its table: each row is a group."""
    key: str
    """The column that names a group, a text, and is the primary key."""
    query: str
    """A SELECT of whole rows: of those groups whose key is in `%(keys)s::text[]`, or of all where that is null."""

    def recompute(self, keys: Collection[str] | None) -> None:
        """Compute the groups of these keys anew, or all of them; those of which no row is left are gone."""
        if keys is not None and not keys:
            return
        columns = [str(field.column) for field in self.model._meta.concrete_fields]  # noqa: SLF001 - as Django documents it
        names: dict[str, sql.Composable] = {
            "view": sql.Identifier(self.model._meta.db_table),  # noqa: SLF001 - as above
            "query": sql.SQL(self.query),
            "key": sql.Identifier(self.key),
            "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
            "changes": sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns
            ),
        }
        with connection.cursor() as cursor:
            text = sql.SQL(statement("recompute_groups")).format(**names).as_string(connection.connection)
            cursor.execute(text, {"keys": None if keys is None else sorted(keys)})


View = FullView | IncrementalView
