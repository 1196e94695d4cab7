"""Statements called through libpq: their results are a cursor's, at less cost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from events.store.libpq import call, libpq_statement
from kit.postgresql.sessions import ServerReadsOnly

SUM = libpq_statement("SELECT %(a)s::int + %(b)s::int, %(a)s::int")
ECHO = libpq_statement(
    "SELECT (%(text)s::text = 'Ünï\\''\"' )::int, (%(id)s::uuid = '01a1feab-42e5-7656-b79c-4e972cb10bc0')::int,"
    " (%(time)s::timestamptz = '2025-01-15T10:30:00.000001Z')::int, (%(raw)s::bytea = '\\x00ff')::int,"
    " (%(none)s::text IS NULL)::int"
)


@pytest.fixture
def session(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters}
    with psycopg.connect(**known, autocommit=True, prepare_threshold=0) as session:
        yield session


def prepared(session: psycopg.Connection[Any]) -> list[str]:
    rows = session.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time", prepare=False)
    return [text for (text,) in rows]


def test_a_statement_is_prepared_once_and_called_again(session: psycopg.Connection[Any]) -> None:
    assert call(session, SUM, {"a": 1, "b": 2}) == [(3, 1)]
    assert call(session, SUM, {"a": 2, "b": 2}) == [(4, 2)]
    assert prepared(session) == ["SELECT $1::int + $2::int, $1::int"]


def test_every_type_arrives_as_it_was_meant(session: psycopg.Connection[Any]) -> None:
    class Marked(str):
        """Such as Django's SafeString."""

        __slots__ = ()

    values: dict[str, Any] = {
        "text": Marked("Ünï\\'\""),
        "id": UUID("01a1feab-42e5-7656-b79c-4e972cb10bc0"),
        "time": datetime(2025, 1, 15, 10, 30, 0, 1, tzinfo=UTC),
        "raw": b"\x00\xff",
        "none": None,
    }
    assert call(session, ECHO, values) == [(1, 1, 1, 1, 1)]


def test_what_psycopg_deallocates_after_a_rollback_is_prepared_again(session: psycopg.Connection[Any]) -> None:
    call(session, SUM, {"a": 1, "b": 2})
    session.execute("SELECT 1")
    session.execute("BEGIN")
    session.execute("ROLLBACK")
    assert prepared(session) == []

    assert call(session, SUM, {"a": 1, "b": 2}) == [(3, 1)]


def test_a_session_that_must_not_prepare_does_not(session: psycopg.Connection[Any]) -> None:
    session.prepare_threshold = None
    assert call(session, SUM, {"a": 1, "b": 2}) == [(3, 1)]
    assert prepared(session) == []


def test_it_begins_the_transaction_that_the_session_wants(session: psycopg.Connection[Any]) -> None:
    session.autocommit = False
    session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    call(session, SUM, {"a": 1, "b": 2})

    assert session.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    assert session.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
    session.rollback()


def test_an_error_is_psycopg_s_own_and_the_session_goes_on(session: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.NumericValueOutOfRange) as error:
        call(session, SUM, {"a": 2**31, "b": 0})
    assert error.value.sqlstate == "22003"
    assert call(session, SUM, {"a": 1, "b": 2}) == [(3, 1)]


def test_a_lost_session_is_an_operational_error(session: psycopg.Connection[Any]) -> None:
    with psycopg.connect(session.info.dsn, password=session.info.password, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [session.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        call(session, SUM, {"a": 1, "b": 2})
    assert session.closed


def test_a_column_that_was_widened_is_read_as_before(session: psycopg.Connection[Any]) -> None:
    counted = libpq_statement("SELECT n FROM planted WHERE n = %(n)s")
    session.execute("CREATE TEMPORARY TABLE planted (n int)")
    session.execute("INSERT INTO planted VALUES (7)")
    assert call(session, counted, {"n": 7}) == [(7,)]
    # Past psycopg, which forgets what is prepared when it alters a table itself.
    session.pgconn.exec_(b"ALTER TABLE planted ALTER COLUMN n TYPE bigint")

    assert call(session, counted, {"n": 7}) == [(7,)]


def test_a_server_that_only_reads_ends_the_session(session: psycopg.Connection[Any]) -> None:
    written = libpq_statement("INSERT INTO planted VALUES (%(n)s) RETURNING n")
    with psycopg.connect(session.info.dsn, password=session.info.password, autocommit=True) as other:
        other.execute("CREATE TABLE planted (n int)")
        assert call(session, written, {"n": 7}) == [(7,)]
        session.execute("SET default_transaction_read_only = on")

        with pytest.raises(ServerReadsOnly) as refused:
            call(session, written, {"n": 8})

        other.execute("DROP TABLE planted")
    assert refused.value.sqlstate == "25006"
    assert session.closed
