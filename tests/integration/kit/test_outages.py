"""Outages: a lost connection is told from a client's complaint about a statement; neither has an SQLSTATE."""

import psycopg
import pytest
from django.db import DatabaseError, connection

from outbox.api import is_outage

TOO_MANY = 65_536


def test_a_statement_with_more_parameters_than_the_protocol_has_room_for_is_no_outage(db: None) -> None:
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(["%s::int"] * TOO_MANY), [1] * TOO_MANY)

    assert isinstance(refused.value.__cause__, psycopg.Error)
    assert refused.value.__cause__.sqlstate is None
    assert not is_outage(refused.value)


def test_a_connection_that_the_server_has_ended_is_an_outage(committed_db: None) -> None:
    with connection.cursor() as cursor, connection.copy().cursor() as other:
        cursor.execute("SELECT pg_backend_pid()")
        other.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
        other.connection.close()

        with pytest.raises(DatabaseError) as ended:
            cursor.execute("SELECT 1")
        with pytest.raises(DatabaseError) as closed:
            cursor.execute("SELECT 1")

    connection.close()
    assert is_outage(ended.value)
    assert is_outage(closed.value)
