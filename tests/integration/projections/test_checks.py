"""What a role says by default is looked at when the database is checked."""

import pytest
from django.db import connection

from projections.checks import sessions_read_what_is_committed
from tests.support.sessions import execute, stricter_by_default

pytestmark = pytest.mark.usefixtures("committed_db")


def ids() -> list[str | None]:
    return [problem.id for problem in sessions_read_what_is_committed(databases=["default"])]


def test_an_ordinary_role_is_fine_and_nobody_is_asked_without_a_database() -> None:
    assert ids() == []
    assert sessions_read_what_is_committed(databases=None) == []


def test_a_stricter_default_of_the_role_is_said() -> None:
    with stricter_by_default("repeatable read"):
        assert ids() == ["projections.W001"]


def test_sessions_that_are_stricter_are_refused() -> None:
    execute(connection, "SET default_transaction_isolation = 'serializable'")

    assert ids() == ["projections.E003"]
    connection.close()
