"""Index names: each index of the schema that Nova follows is found by its name, and to be renamed held nobody up."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from events.api import Expected, append_events
from outbox.api import record
from tests.support.database import rows
from tests.support.events import new_event, new_stream
from tests.support.store import appending


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "table", "what"),
    [
        ("idx_events_aggregate", "domain_events", "(aggregate_id, aggregate_type, version)"),
        ("idx_events_type", "domain_events", "(event_type, "),
        ("idx_events_timestamp", "domain_events", '("timestamp", '),
        ("idx_events_correlation", "domain_events", "(correlation_id, "),
        ("idx_outbox_unpublished", "outbox_events", "NOT published"),
        ("idx_snapshots_aggregate", "aggregate_snapshots", "(aggregate_id, aggregate_type, version)"),
        ("idx_saga_type", "saga_state", "(saga_type"),
        ("idx_saga_status", "saga_state", ""),
    ],
)
def test_an_index_of_the_schema_is_found_by_its_name(name: str, table: str, what: str) -> None:
    ((found, definition),) = rows("SELECT tablename, indexdef FROM pg_indexes WHERE indexname = %s", name)

    assert found == table
    assert what in definition


OLD = {"domain_events_stream_version", "aggregate_snapshots_version", "outbox_events_pending"}
NEW = {"idx_events_aggregate", "idx_snapshots_aggregate", "idx_outbox_unpublished"}


def present() -> set[str]:
    """Which of the names indexes have, and constraints where they have any."""
    of_indexes = {name for (name,) in rows("SELECT indexname FROM pg_indexes")}
    of_constraints = {name for (name,) in rows("SELECT conname FROM pg_constraint")}
    assert of_constraints & (OLD | NEW) <= of_indexes
    return of_indexes & (OLD | NEW)


def renamed(*, back: bool) -> set[str]:
    """The names once the migrations that rename have run, or were taken back, which wait a second for locks."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        loader = MigrationLoader(connection)
        for app, name in sorted(one for one in loader.disk_migrations if one[1].endswith("_index_names")):
            before = loader.project_state((app, name), at_end=False)
            migration = loader.get_migration(app, name)
            with connection.schema_editor() as editor:
                (migration.unapply if back else migration.apply)(before, editor)
        return present()
    finally:
        connection.close()


def test_indexes_are_renamed_beside_an_open_append_and_back_again(committed_db: None) -> None:
    with appending(record), ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
        append_events(new_stream(), Expected.NO_STREAM, [new_event()])
        before = elsewhere.submit(renamed, back=True).result()
        after = elsewhere.submit(renamed, back=False).result()

    assert (before, after) == (OLD, NEW)
