"""Sessions: one of a server that only reads is not kept, and an altered column is noticed by nobody."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, InternalError, NotSupportedError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kit.outages import is_outage
from nova.models import ApiToken
from tests.support.database import rows, scalar
from tests.support.sessions import another_session, become_a_reader, execute, stricter_by_default

pytestmark = pytest.mark.usefixtures("committed_db")

WRITE = "INSERT INTO planted VALUES ('a')"
READ = "SELECT name FROM planted"


@pytest.fixture(autouse=True)
def planted(committed_db: None) -> Iterator[None]:
    """A table with a column that can be widened."""
    execute(connection, "CREATE TABLE planted (name varchar(10))", WRITE)
    yield
    connection.close()
    execute(connection, "DROP TABLE planted")


@pytest.fixture
def pooled() -> Iterator[BaseDatabaseWrapper]:
    """A connection from a pool that has one session."""
    made = connection.copy(alias="pooled")
    made.settings_dict["CONN_MAX_AGE"] = 0
    made.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 10}
    yield made
    made.close()
    made.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


def pid(session: BaseDatabaseWrapper) -> int:
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def widen() -> None:
    with another_session() as other:
        execute(other, "ALTER TABLE planted ALTER COLUMN name TYPE varchar(300)")


def test_a_server_that_only_reads_is_an_outage_and_its_session_is_not_kept() -> None:
    become_a_reader(connection)
    before = pid(connection)

    with pytest.raises(OperationalError) as refused:
        ApiToken.objects.create(name="a", digest=b"a", scopes=[])
    connection.close_if_unusable_or_obsolete()

    assert is_outage(refused.value)
    assert pid(connection) != before
    execute(connection, WRITE)
    assert scalar("SELECT count(*) FROM planted") == 2


@pytest.mark.parametrize("savepoint", [False, True])
def test_nor_is_one_in_whose_transaction_it_was_found_out(savepoint: bool) -> None:
    become_a_reader(connection)
    before = pid(connection)

    with pytest.raises(OperationalError), transaction.atomic():
        assert rows(READ) == [("a",)]
        with transaction.atomic(savepoint=savepoint):
            execute(connection, WRITE)

    assert pid(connection) != before


def test_nor_is_it_given_back_to_the_pool(pooled: BaseDatabaseWrapper) -> None:
    become_a_reader(pooled)
    before = pid(pooled)

    with pytest.raises(OperationalError):
        execute(pooled, WRITE)
    pooled.close()

    assert pid(pooled) != before
    execute(pooled, WRITE)
    assert scalar("SELECT count(*) FROM planted") == 2


def test_nor_after_many_statements_at_once() -> None:
    become_a_reader(connection)

    with pytest.raises(OperationalError) as refused, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO planted VALUES (%s)", [("b",), ("c",)])

    assert is_outage(refused.value)
    assert connection.connection.closed
    connection.close()


def test_who_has_made_a_transaction_read_only_is_at_fault_and_keeps_the_session() -> None:
    before = pid(connection)

    with pytest.raises(InternalError) as refused, transaction.atomic():
        execute(connection, "SET TRANSACTION READ ONLY", WRITE)

    assert not is_outage(refused.value)
    assert pid(connection) == before


def test_what_postgresql_cannot_do_is_no_outage() -> None:
    with pytest.raises(NotSupportedError) as refused:
        execute(connection, "CREATE TABLE postgres.public.more ()")

    assert not is_outage(refused.value)


def test_a_statement_whose_column_was_widened_is_prepared_anew() -> None:
    assert rows(READ) == [("a",)]
    widen()

    assert rows(READ) == [("a",)]
    assert scalar("SELECT count(*) FROM pg_prepared_statements WHERE statement = %s", READ) == 1


def test_also_when_it_is_the_first_one_of_a_transaction() -> None:
    assert rows(READ) == [("a",)]
    widen()

    with transaction.atomic():
        assert rows(READ) == [("a",)]
        execute(connection, WRITE)

    assert rows(READ) == [("a",), ("a",)]


def test_a_later_one_ends_its_transaction_which_can_be_run_again() -> None:
    assert rows(READ) == [("a",)]
    widen()

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        execute(connection, WRITE)
        rows(READ)

    assert is_outage(refused.value)
    with transaction.atomic():
        execute(connection, WRITE)
        assert rows(READ) == [("a",), ("a",)]


def test_statements_that_somebody_has_deallocated_are_prepared_anew() -> None:
    assert rows(READ) == [("a",)]
    # As a pooler does between two clients, without the client's knowing.
    connection.connection.pgconn.exec_(b"DEALLOCATE ALL")

    assert rows(READ) == [("a",)]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_transactions_read_what_is_committed_whatever_the_role_says(level: str, pooled: BaseDatabaseWrapper) -> None:
    with stricter_by_default(level):
        for session in (connection, pooled):
            with session.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                assert cursor.fetchone() == ("read committed",)


def test_who_asks_for_a_stricter_transaction_has_it() -> None:
    with transaction.atomic():
        execute(connection, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert scalar("SHOW transaction_isolation") == "serializable"
