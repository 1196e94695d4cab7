"""Whoever writes into the log past Nova must hold the append guard, or followers could miss the rows (I4)."""

from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from events.api import AppendOnly, Expected, append_events, last_position, safe_position
from events.store.connection import live_cursor
from tests.support.database import scalar
from tests.support.events import new_event, new_stream

pytestmark = pytest.mark.usefixtures("committed_db")

COPIED = """
    INSERT INTO domain_events (event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id,
        version, timestamp, metadata, payload, content_hash)
    SELECT gen_random_uuid(), event_type, schema_version, source_service, aggregate_type, aggregate_id,
        version + 1, timestamp, metadata, payload, content_hash
    FROM domain_events
"""


@pytest.fixture(autouse=True)
def _one_event(committed_db: None) -> None:
    append_events(new_stream(), Expected.NO_STREAM, [new_event()])


def test_an_insert_without_it_is_refused_and_told_what_to_do() -> None:
    with pytest.raises(AppendOnly, match="hold the append guard") as refusal, live_cursor() as cursor:
        cursor.execute(COPIED)

    assert isinstance(refusal.value.__cause__, psycopg.Error)
    assert "publish_append_guard()" in str(refusal.value.__cause__.diag.message_hint)
    assert scalar("SELECT count(*) FROM domain_events") == 1


def test_copy_is_refused() -> None:
    columns = "event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version, timestamp"
    row = f"{uuid4()}\ttea.brewed\t1\tnova\ttea\t1\t1\t2025-01-15T10:30:00Z\t{{}}\t{{}}\t\\\\x00\n"
    copy = f"COPY domain_events ({columns}, metadata, payload, content_hash) FROM STDIN"
    with pytest.raises(AppendOnly), live_cursor() as cursor, cursor.copy(copy) as target:
        target.write(row)

    assert scalar("SELECT count(*) FROM domain_events") == 1


def test_with_it_the_rows_wait_for_their_commit_like_any_others() -> None:
    before = last_position()
    other = connection.copy()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT publish_append_guard()")
                cursor.execute(COPIED)
            with other.cursor() as cursor:
                cursor.execute("SELECT safe_position()")
                assert cursor.fetchone() == (before,)
    finally:
        other.close()
    assert safe_position() == before + 1


def test_it_ends_with_its_transaction() -> None:
    append_events(new_stream(), Expected.NO_STREAM, [new_event()])
    with pytest.raises(AppendOnly), live_cursor() as cursor:
        cursor.execute(COPIED)


def test_with_rows_of_which_none_is_written_nothing_is_wrong() -> None:
    with live_cursor() as cursor:
        cursor.execute(f"{COPIED} WHERE false")
        assert cursor.rowcount == 0

    assert scalar("SELECT count(*) FROM domain_events") == 1
