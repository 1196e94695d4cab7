"""SQL boundaries: no app's SQL names another app's table, in `.sql` files or in Python; owners answer in their api."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

CHECKOUT = Path(__file__).parents[2]
APPS = ("kit", "events", "outbox", "sagas", "projections", "nova")
WORD = re.compile(r"[a-z_][a-z0-9_]*")
# In Python only what reads or writes a table counts; a table's name alone may be a metric, a test's or a log's word.
STATEMENT = re.compile(r"\b(?:from|join|into|update|table)\s+(?:only\s+)?\"?([a-z_][a-z0-9_]*)", re.IGNORECASE)


def owner(path: Path) -> str:
    """The app that a file belongs to; each of Nova's services is one."""
    parts = path.parts
    return ".".join(parts[:3]) if parts[:2] == ("nova", "services") and len(parts) > 3 else parts[0]


def tables() -> dict[str, str]:
    """Each table, and the sequence of its key, with the app that owns it."""
    owned = {}
    for model in apps.get_models():
        app = owner(Path(*model.__module__.split("."), "models.py"))
        if app.split(".")[0] in APPS:
            options = model._meta
            owned[options.db_table] = owned[f"{options.db_table}_{options.pk.name}_seq"] = app
    return owned


def named_in_sql(text: str) -> set[str]:
    code = "\n".join(line.split("--")[0] for line in text.splitlines())
    return set(WORD.findall(code.lower()))


def named_in_python(text: str) -> set[str]:
    constants = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {name.lower() for value in constants if isinstance(value, str) for name in STATEMENT.findall(value)}


def tables_of_other_apps(root: Path) -> Iterator[str]:
    """`file: table` for every table of another app that a file names."""
    owned = tables()
    for app in APPS:
        for path in sorted((root / app).rglob("*.*")):
            named = {".sql": named_in_sql, ".py": named_in_python}.get(path.suffix)
            if named is None:
                continue
            place = path.relative_to(root)
            for table in sorted(named(path.read_text(encoding="utf-8")) & owned.keys()):
                if owned[table] != owner(place):
                    yield f"{place}: {table}"


def test_no_sql_names_a_table_of_another_app() -> None:
    assert list(tables_of_other_apps(CHECKOUT)) == []


def test_every_app_with_statements_has_tables_to_guard() -> None:
    assert {"events", "outbox", "sagas", "projections", "nova.services.feed"} <= set(tables().values())


@pytest.mark.parametrize(
    ("place", "text", "table"),
    [
        ("outbox/sql/late.sql", "-- domain_events\nSELECT 1 FROM domain_events", "domain_events"),
        ("events/sql/late.sql", "SELECT x FROM (SELECT 1) AS a, outbox_events", "outbox_events"),
        ("events/sql/last.sql", "SELECT last_value FROM outbox_events_id_seq", "outbox_events_id_seq"),
        ("nova/services/feed/sql/late.sql", "UPDATE users_read SET x = 1", "users_read"),
        ("nova/demo/late.py", 'QUERY = "SELECT count(*) FROM inbox WHERE x"', "inbox"),
    ],
)
def test_a_table_of_another_app_is_found(tmp_path: Path, place: str, text: str, table: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(text)

    assert list(tables_of_other_apps(tmp_path)) == [f"{place}: {table}"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("events/sql/own.sql", "SELECT 1 FROM domain_events"),
        ("outbox/sql/own.sql", "SELECT 1 FROM outbox_events -- beside domain_events"),
        ("nova/services/identity/own.py", '"""Rows from users_read."""'),
    ],
)
def test_what_is_ones_own_may_be_named(tmp_path: Path, place: str, text: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(text)

    assert list(tables_of_other_apps(tmp_path)) == []
