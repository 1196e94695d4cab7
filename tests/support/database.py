"""Database cleanup: a test that really commits leaves the database as it found it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from events.sql.statements import statement

KEPT = ("django_migrations", "django_content_type", "auth_permission")
APPEND_ONLY = "domain_events_append_only"


def empty_all_tables() -> None:
    """Empty every table, the append-only one included: its own trigger would refuse, so it is switched off for that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL(%s)",
            [list(KEPT)],
        )
        tables = ", ".join(name for (name,) in cursor.fetchall())
        cursor.execute(f"ALTER TABLE domain_events DISABLE TRIGGER {APPEND_ONLY}")
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        cursor.execute(f"ALTER TABLE domain_events ENABLE ALWAYS TRIGGER {APPEND_ONLY}")


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def scalar(sql: str, *parameters: Any) -> Any:
    """The one value of a query."""
    return rows(sql, *parameters)[0][0]


@contextmanager
def without_append_guard() -> Iterator[None]:
    """The planted fault: appends say that they hold the guard, and hold none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION publish_append_guard() RETURNS text LANGUAGE sql VOLATILE"
            " AS $$ SELECT set_config('nova.append_guard', 'held', true) $$"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(statement("append_guard"))
