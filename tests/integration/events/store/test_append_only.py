"""What is recorded stays: the database itself refuses every change, whatever the client and its role (I1)."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import conninfo

from events.api import AppendOnly, Expected, append_events
from events.models import DomainEvent
from events.store.connection import live_cursor
from nova.local.credentials import Credentials
from nova.local.servers.postgres import SUPERUSER
from tests.support.database import scalar
from tests.support.events import new_event, new_stream

COLUMNS = """event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version, timestamp,
    metadata, payload, content_hash"""
VALUES = "gen_random_uuid(), 'x.done', 1, 'x', 'x', 'x', {version}, now(), '{{}}', '{{}}', '\\x00'"
INSERT = f"INSERT INTO domain_events ({COLUMNS}) VALUES ({VALUES.format(version=1)})"
CHOSEN = f"INSERT INTO domain_events (position, {COLUMNS}) OVERRIDING SYSTEM VALUE"

CHANGES = {
    "update": "UPDATE domain_events SET user_id = 'x'",
    "update of nothing": "UPDATE domain_events SET user_id = 'x' WHERE false",
    "update from": "UPDATE domain_events d SET user_id = 'x' FROM domain_events e WHERE d.position = e.position",
    "delete": "DELETE FROM domain_events",
    "delete of one": "DELETE FROM domain_events WHERE version = 1",
    "delete in a query": "WITH gone AS (DELETE FROM domain_events RETURNING *) SELECT count(*) FROM gone",
    "truncate": "TRUNCATE domain_events",
    "truncate cascade": "TRUNCATE domain_events CASCADE",
    "merge delete": "MERGE INTO domain_events d USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "merge update": "MERGE INTO domain_events d USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET user_id = 'x'",
    "on conflict do update": f"{INSERT} ON CONFLICT (aggregate_id, aggregate_type, version) "
    "DO UPDATE SET user_id = 'x'",
    "insert at a position": f"{CHOSEN} VALUES (1000000, {VALUES.format(version=2)})",
    "insert at a drawn position": f"{CHOSEN} SELECT max(position), {VALUES.format(version=2)} FROM domain_events "
    "HAVING nextval('domain_events_position_seq') > 0",
    "merge insert at a position": f"MERGE INTO domain_events d USING (SELECT 1) s ON false WHEN NOT MATCHED THEN "
    f"INSERT (position, {COLUMNS}) OVERRIDING SYSTEM VALUE VALUES (1000000, {VALUES.format(version=2)})",
    "copy": f"COPY domain_events (position, {COLUMNS}) FROM STDIN",
}
COPIED = (1000000, "0a" * 16, "x.done", 1, "x", "x", "x", 2, "2025-01-15T10:30:00Z", "{}", "{}", "\\x00")

BECOME = {
    "owner": ["SET LOCAL ROLE {owner}"],
    "application": [
        "CREATE ROLE nova_application_in_a_test",
        "GRANT ALL ON domain_events TO nova_application_in_a_test",
        "GRANT ALL ON domain_events_position_seq TO nova_application_in_a_test",
        "SET LOCAL ROLE nova_application_in_a_test",
    ],
    "superuser": [],
    "superuser who replicates": ["SET LOCAL session_replication_role = replica"],
}


@pytest.fixture(scope="module")
def superuser(django_db_setup: None, database_url: str, server_directory: Path) -> Iterator[Any]:
    """A connection to the test database that may become whoever it likes."""
    credentials = {}
    if not os.environ.get("DATABASE_URL"):
        credentials = {"user": SUPERUSER, "password": Credentials.of(server_directory).postgres_superuser_password}
    name = connection.settings_dict["NAME"]
    with closing(psycopg.connect(conninfo.make_conninfo(database_url, dbname=name, **credentials))) as made:
        if made.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
            pytest.skip("the role of DATABASE_URL is no superuser")
        made.rollback()
        yield made


def become(role: str, superuser: Any) -> None:
    row = superuser.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'domain_events'").fetchone()
    for step in BECOME[role]:
        superuser.execute(step.format(owner=row[0]))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", BECOME)
def test_a_change_is_refused_from_every_role(superuser: Any, role: str, change: str) -> None:
    with superuser.transaction(force_rollback=True):
        become(role, superuser)
        superuser.execute("SELECT publish_append_guard()")
        superuser.execute(INSERT)
        before = superuser.execute("SELECT * FROM domain_events").fetchall()
        with pytest.raises(psycopg.Error) as refused, superuser.transaction(), superuser.cursor() as cursor:
            if change == "copy":
                with cursor.copy(CHANGES[change]) as copy:
                    copy.write_row(COPIED)
            else:
                cursor.execute(CHANGES[change])
        assert refused.value.sqlstate == "NV001"
        assert superuser.execute("SELECT * FROM domain_events").fetchall() == before


@pytest.mark.parametrize("role", BECOME)
def test_a_copy_is_refused_unless_it_holds_the_guard_and_leaves_positions_out(superuser: Any, role: str) -> None:
    def copy_one() -> None:
        statement = f"COPY domain_events ({COLUMNS}) FROM STDIN"
        with superuser.transaction(), superuser.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write_row(COPIED[1:])

    with superuser.transaction(force_rollback=True):
        become(role, superuser)
        with pytest.raises(psycopg.Error) as refused:
            copy_one()
        assert refused.value.sqlstate == "NV001"
        superuser.execute("SELECT publish_append_guard()")
        copy_one()
        drawn = "SELECT position = currval('domain_events_position_seq') FROM domain_events"
        assert superuser.execute(drawn).fetchall() == [(True,)]


@pytest.mark.django_db
def test_a_refusal_has_its_own_error() -> None:
    append_events(new_stream(), Expected.NO_STREAM, [new_event(user_id="ann")])
    with pytest.raises(AppendOnly), transaction.atomic(), live_cursor() as cursor:
        cursor.execute("UPDATE domain_events SET user_id = 'x'")
    assert scalar("SELECT user_id FROM domain_events") == "ann"


@pytest.mark.django_db
def test_the_orm_is_refused_too() -> None:
    append_events(new_stream(), Expected.NO_STREAM, [new_event(user_id="ann")])
    event = DomainEvent.objects.get()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        event.delete()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        DomainEvent.objects.update(user_id="x")


@pytest.mark.django_db
def test_a_position_cannot_be_chosen() -> None:
    with pytest.raises(psycopg.errors.GeneratedAlways), transaction.atomic(), live_cursor() as cursor:
        cursor.execute("INSERT INTO domain_events (position) VALUES (1)")


@pytest.mark.django_db
def test_the_triggers_are_armed_for_every_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'domain_events'::regclass AND NOT tgisinternal"
        )
        assert dict(cursor.fetchall()) == {
            "domain_events_append_guard": "A",
            "domain_events_append_only": "A",
            "domain_events_drawn_positions": "A",
        }
