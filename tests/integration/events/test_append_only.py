"""What is recorded stays: the database itself refuses every change, whatever the client (I1)."""

import psycopg
import pytest
from django.db import connection, transaction

from events.api import AppendOnly, Expected, append_events
from events.models import DomainEvent
from events.store.database import live_cursor
from tests.support.database import scalar
from tests.support.events import new_event, new_stream

pytestmark = pytest.mark.django_db

CHANGES = [
    "UPDATE domain_events SET user_id = 'x'",
    "UPDATE domain_events SET user_id = 'x' WHERE false",
    "DELETE FROM domain_events",
    "DELETE FROM domain_events WHERE position = 1",
    "TRUNCATE domain_events",
    "TRUNCATE domain_events CASCADE",
    "MERGE INTO domain_events d USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO domain_events d USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET user_id = 'x'",
    """INSERT INTO domain_events (event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id,
           version, timestamp, metadata, payload, content_hash)
       SELECT event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id,
           version, timestamp, metadata, payload, content_hash FROM domain_events
       ON CONFLICT (event_id) DO UPDATE SET user_id = 'x'""",
    "WITH gone AS (DELETE FROM domain_events RETURNING *) SELECT count(*) FROM gone",
]


def run(statement: str) -> None:
    with live_cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(autouse=True)
def _one_event() -> None:
    append_events(new_stream(), Expected.NO_STREAM, [new_event(user_id="ann")])


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_refused(change: str) -> None:
    with pytest.raises(AppendOnly), transaction.atomic():
        run(change)
    assert scalar("SELECT user_id FROM domain_events") == "ann"


def test_the_orm_is_refused_too() -> None:
    event = DomainEvent.objects.get()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        event.delete()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        DomainEvent.objects.update(user_id="x")


def test_a_position_cannot_be_chosen() -> None:
    with pytest.raises(psycopg.errors.GeneratedAlways), transaction.atomic():
        run("INSERT INTO domain_events (position) VALUES (1)")


def test_the_triggers_are_armed_for_every_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'domain_events'::regclass AND NOT tgisinternal"
        )
        assert dict(cursor.fetchall()) == {"domain_events_append_guard": "A", "domain_events_append_only": "A"}
