"""A materialised view of a table of its own, which tests make, let fail and let be slow."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.state import ProjectState

from projections.api import FullView
from projections.views import registry
from projections.views.operations import MakeView
from tests.support.database import rows

SLOW = 2.0
"""Seconds that a refresh takes, for each row, that is told to be slow."""
VIEWED = FullView(
    name="viewed",
    query="SELECT id, 100 / value AS share, pg_sleep(pause)::text AS slept FROM viewed_rows",
    unique=("id",),
    cache_tags=("viewed",),
)


def make(view: FullView) -> None:
    """Run the operation that a migration has."""
    with connection.schema_editor() as editor:
        MakeView(view).database_forwards("projections", editor, ProjectState(), ProjectState())


def remove(view: FullView) -> None:
    """Run it backwards."""
    with connection.schema_editor() as editor:
        MakeView(view).database_backwards("projections", editor, ProjectState(), ProjectState())


@pytest.fixture
def viewed(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FullView]:
    """The view of one row, and the only one that is registered."""
    monkeypatch.setattr(registry, "_views", {VIEWED.name: VIEWED})
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE viewed_rows (id integer, value integer, pause double precision DEFAULT 0)")
        cursor.execute("INSERT INTO viewed_rows VALUES (1, 10)")
    make(VIEWED)
    yield VIEWED
    remove(VIEWED)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE viewed_rows")


def shares() -> list[tuple[int, int]]:
    """What the view holds: ids and shares."""
    return rows("SELECT id, share FROM viewed ORDER BY id")


def change(*, value: int = 5, pause: float = 0.0) -> None:
    """Let the row of the table be another one."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE viewed_rows SET value = %s, pause = %s", [value, pause])
