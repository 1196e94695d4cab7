"""JSON text field: a `json` column, which keeps its text as it was hashed, where Django would make it `jsonb`."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class JSONTextField(models.JSONField):
    """A JSON value in a column of type `json`. psycopg decodes it by itself, unlike the `jsonb` that Django expects."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type."""
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value as psycopg has decoded it."""
        return value
