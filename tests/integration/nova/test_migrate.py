"""A migration gives up a table that it cannot have within seconds, so that nobody waits behind it for long."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.api import StreamId, append_events
from tests.support.database import scalar
from tests.support.events import new_event
from tests.support.outbox import eventually
from tests.support.sessions import another_session, execute

LATE = """
from django.db import migrations

class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL(
            "ALTER TABLE domain_events ADD COLUMN late integer", "ALTER TABLE domain_events DROP COLUMN late"
        )
    ]
"""
COLUMN = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'domain_events' AND column_name = 'late'"
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'domain_events'::regclass AND NOT granted"


@pytest.fixture(autouse=True)
def pending(
    committed_db: None, redis_url: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A migration that changes the table of events is not applied yet."""
    package = tmp_path / "late_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "0001_late.py").write_text(LATE)
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"messages": package.name}
    yield
    call_command("migrate", "messages", "zero", verbosity=0)


@contextmanager
def long_report() -> Iterator[int]:
    """The process of a session that has read the table in a transaction that it does not end."""
    with another_session() as session:
        execute(session, "BEGIN", "SELECT count(*) FROM domain_events", "SET LOCAL application_name = 'a-long-report'")
        yield session.connection.info.backend_pid


def migrate(seconds: float) -> None:
    try:
        call_command("migrate", "messages", lock_timeout=seconds, verbosity=0)
    finally:
        connection.close()


def test_what_stands_behind_a_migration_that_waits_goes_on() -> None:
    with ThreadPoolExecutor(1) as pool, long_report() as holder:
        migrating: Future[None] = pool.submit(migrate, 1.0)
        eventually(lambda: scalar(WAITING) == 1)
        # It needs the table too, and waits for no longer than the migration does.
        execute(connection, "SET lock_timeout = '5s'")
        assert append_events(StreamId("post", "p1"), 0, [new_event()]).version == 1
        refusal = migrating.exception(timeout=5)

    assert isinstance(refusal, CommandError)
    assert f"process {holder} (a-long-report, idle in transaction, for " in str(refusal)
    assert scalar(COLUMN) == 0


def test_it_is_applied_once_the_table_is_free() -> None:
    call_command("migrate", "messages", verbosity=0)

    assert scalar(COLUMN) == 1
    # The session may serve somebody else then.
    assert scalar("SELECT current_setting('lock_timeout')") == "0"


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), 1e9])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(CommandError, match="--lock-timeout must be"):
        migrate(seconds)
