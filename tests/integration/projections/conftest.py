"""A log to project from: appends publish nothing here, the outbox has its own tests; and no tables left of rebuilds."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.support.database import rows
from tests.support.store import store_without_outbox

__all__ = ["store_without_outbox"]


@pytest.fixture
def no_schemas_left(committed_db: None) -> Iterator[None]:
    """What rebuilds have made beside the public schema is gone after each test."""
    yield
    schemas = [name for (name,) in rows(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'nova\_%%'")]
    with connection.cursor() as cursor:
        for schema in schemas:
            cursor.execute(f'DROP SCHEMA "{schema}" CASCADE')
