"""Migration operation: makes a materialised view, or replaces it by another definition of it."""

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from psycopg import sql

from projections.sql.statements import statement
from projections.views.definition import FullView


class MakeView(Operation):
    """Makes a full view, filled, in place of one of the same name. Backwards, it is removed.

    A migration that changes a column which the view reads removes the view before and makes it afterwards.
    """

    def __init__(self, view: FullView) -> None:
        self.view = view

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """No model knows it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Remove what there is, make it, and keep when that was."""
        self._run(app_label, schema_editor, "drop_view", "make_view", "index_view", "describe_view", "view_was_made")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Remove it."""
        self._run(app_label, schema_editor, "drop_view")

    def describe(self) -> str:
        """In words, for `migrate --plan`."""
        return f"Make materialised view {self.view.name}"

    def _run(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *names: str) -> None:
        connection = schema_editor.connection
        if not router.allow_migrate(connection.alias, app_label):
            return
        connection.ensure_connection()
        parts: dict[str, sql.Composable] = {
            "view": sql.Identifier(self.view.name),
            "index": sql.Identifier(f"{self.view.name}_unique"),
            "unique": sql.SQL(", ").join(map(sql.Identifier, self.view.unique)),
            "query": sql.SQL(self.view.query),
            "name": sql.Literal(self.view.name),
            "digest": sql.Literal(self.view.digest),
        }
        for name in names:
            schema_editor.execute(sql.SQL(statement(name)).format(**parts).as_string(connection.connection), None)
