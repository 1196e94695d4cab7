"""Statements carried out together: each with all of its parameters, in the order of their keys."""

import pytest
from django.db import DatabaseError, connection, transaction

from kit.postgresql.many import Statements

pytestmark = pytest.mark.usefixtures("db")
ADD = "INSERT INTO noted (name, value) VALUES (%(name)s, %(value)s)"
DOUBLE = "UPDATE noted SET value = 2 * value WHERE name = %(name)s"


@pytest.fixture(autouse=True)
def noted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS noted")
        cursor.execute("CREATE TEMPORARY TABLE noted (id serial, name text, value int CHECK (value < 100))")


def rows() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, value FROM noted ORDER BY id")
        return list(cursor.fetchall())


def test_rows_are_written_in_the_order_of_their_keys_and_of_one_key_as_they_came() -> None:
    statements = Statements()
    for name, value in (("b", 1), ("a", 2), ("b", 0)):
        statements.add(ADD, name, name=name, value=value)

    statements.run()

    assert rows() == [("a", 2), ("b", 1), ("b", 0)]


def test_statements_follow_each_other_as_they_were_first_added_and_run_once() -> None:
    statements = Statements()
    statements.add(ADD, "a", name="a", value=3)
    statements.add(DOUBLE, "a", name="a")
    statements.add(ADD, "c", name="c", value=4)

    statements.run()
    statements.run()

    assert rows() == [("a", 6), ("c", 4)]


def test_what_the_database_refuses_is_djangos_error() -> None:
    statements = Statements()
    for value in (1, 100, 2):
        statements.add(ADD, "a", name="a", value=value)

    with pytest.raises(DatabaseError), transaction.atomic():
        statements.run()
    assert rows() == []
