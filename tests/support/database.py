"""Database cleanup: a test that really commits leaves the database as it found it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from events.sql.statements import statement

KEPT = ("django_migrations", "django_content_type", "auth_permission")
APPEND_ONLY = "domain_events_append_only"


def empty_all_tables() -> None:
    """Empty every table that holds anything, and let every sequence begin anew.

    To truncate a table makes files for it and its indexes, which takes longer than most tests: there are sixty. The
    append-only one's own trigger would refuse, so it is switched off for that.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL(%s)",
            [list(KEPT)],
        )
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables))
        if filled := ", ".join(name for (name,) in cursor.fetchall()):
            cursor.execute(f"ALTER TABLE domain_events DISABLE TRIGGER {APPEND_ONLY}")
            cursor.execute(f"TRUNCATE {filled} CASCADE")
            cursor.execute(f"ALTER TABLE domain_events ENABLE ALWAYS TRIGGER {APPEND_ONLY}")
        cursor.execute(
            "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, start_value, false) "
            "FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename <> ALL(%s)",
            [[f"{name}_id_seq" for name in KEPT]],
        )


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
