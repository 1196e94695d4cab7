"""Swap and rollback: tables change places in one moment, whoever reads, and can change back."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.api import read_log
from kit.actions import NoArguments
from nova.services.identity.models import User
from nova.services.identity.projections import UsersProjection
from projections.engine import checkpoints
from projections.engine.engine import Outcome, run_pass
from projections.exceptions import RebuildRefused
from projections.models import ProjectionCheckpoint, ProjectionRebuild
from projections.operating.actions import operate
from projections.operating.automatic import begin_if_outdated
from projections.operating.reading import projection_status
from tests.support.database import rows
from tests.support.projections import catch_up, created, deleted, fold_users, profile, record, stored_users
from tests.support.rebuilds import Effects, begin, go_on, latest

pytestmark = pytest.mark.usefixtures("no_schemas_left")


class Newer(Effects):
    """The next version, which writes what it knows of a user's name in capitals."""

    version = 2

    def apply_batch(self, events):
        super().apply_batch(events)
        User.objects.update(username="NEW")


@pytest.fixture
def projection() -> UsersProjection:
    return UsersProjection()


def do(verb, projection):
    return operate(verb, projection, NoArguments(), actor="operator", reason="a try")


@contextmanager
def reader() -> Iterator[None]:
    """Somebody else has read the table in a transaction that goes on."""
    began, release = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            list(User.objects.all())
            began.set()
            release.wait(60)
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert began.wait(10)
    try:
        yield
    finally:
        release.set()
        thread.join(60)


def test_a_long_reader_holds_the_swap_up_and_nobody_else(projection, settings):
    settings.NOVA_PROJECTION_SWAP_TIMEOUT = 0.3
    record(created())
    run_pass(projection)
    begin(projection)
    waits: list[float] = []
    stop = threading.Event()

    def read_and_append() -> None:
        while not stop.is_set():
            start = time.monotonic()
            assert User.objects.count() >= 1
            record(profile())
            waits.append(time.monotonic() - start)
        connection.close()

    with reader():
        thread = threading.Thread(target=read_and_append)
        thread.start()
        for _ in range(3):
            assert not go_on(projection)
            assert latest().state == "caught_up"
            assert "the swap waits for whoever uses the tables: process" in latest().error
            ProjectionRebuild.objects.update(retry_at=timezone.now())
        stop.set()
        thread.join(60)
    # Then nobody has waited for longer than the swap itself may wait, and what else a query takes
    assert len(waits) > 1
    assert max(waits) < 0.3 + 1.0
    assert go_on(projection)
    assert latest().state == "swapped"


def test_a_swap_that_was_put_off_is_not_tried_again_at_once(projection):
    begin(projection)
    with reader():
        assert not go_on(projection)
    assert not go_on(projection)
    ProjectionRebuild.objects.update(retry_at=timezone.now())
    assert go_on(projection)


def test_another_version_serves_until_the_new_tables_do(projection):
    # Given tables of version 1, and code of version 2
    record(created())
    run_pass(projection)
    newer = Newer()
    record(created("bob"))
    assert run_pass(newer).outcome == Outcome.OUTDATED
    assert [user.username for user in User.objects.all()] == ["ann"]
    assert projection_status(newer, ProjectionCheckpoint.objects.get()).status == "outdated"
    # When it is rebuilt
    begin(newer)
    record(created("cem"))
    assert [user.username for user in User.objects.all()] == ["ann"]
    assert go_on(newer)
    # Then the tables are of version 2, and the events that version 1 had not seen have had their effects
    assert [user.username for user in User.objects.all()] == ["NEW"] * 3
    assert newer.fired == [event.position for event in read_log(0, 10).events][1:]
    assert run_pass(projection).outcome == Outcome.OUTDATED
    record(created("dan"))
    assert run_pass(newer).outcome == Outcome.ADVANCED


def test_a_rebuild_of_an_outdated_projection_begins_by_itself_where_that_is_wanted(projection, settings):
    record(created())
    run_pass(projection)
    begin_if_outdated(Newer())
    assert not ProjectionRebuild.objects.exists()
    settings.NOVA_PROJECTION_REBUILD = "auto"
    begin_if_outdated(projection)
    assert not ProjectionRebuild.objects.exists()
    begin_if_outdated(Newer())
    begin_if_outdated(Newer())
    assert [(row.version, row.started_by) for row in ProjectionRebuild.objects.all()] == [(2, "nova")]
    # What was given up by an operator is not begun again, and older code begins nothing
    do("cancel", Newer())
    begin_if_outdated(Newer())
    assert latest().state == "cancelled"


def test_a_rollback_brings_the_previous_tables_back_and_up_to_date():
    projection, newer = Effects(), Newer()
    record(created())
    run_pass(projection)
    begin(newer)
    assert go_on(newer)
    record(created("bob"))
    run_pass(newer)
    assert {user.username for user in User.objects.all()} == {"NEW"}
    assert do("rollback", newer) == "users is rolled back to its previous tables"
    assert latest().state == "rolled_back"
    # Then what version 1 has filled serves, and goes on from where it was; nothing has its effect twice
    assert [user.username for user in User.objects.all()] == ["ann"]
    assert run_pass(newer).outcome == Outcome.OUTDATED
    record(created("cem"))
    catch_up(projection)
    assert stored_users() == fold_users(read_log(0, 10).events)
    assert sorted(projection.fired + newer.fired) == [event.position for event in read_log(0, 10).events]
    assert schemas() == []


def test_a_rollback_of_tables_in_use_is_refused_and_can_be_tried_again(projection):
    begin(projection)
    go_on(projection)
    with reader(), pytest.raises(RebuildRefused, match="somebody uses its tables"):
        do("rollback", projection)
    assert do("rollback", projection) == "users is rolled back to its previous tables"
    assert latest().state == "rolled_back"


def test_previous_tables_are_kept_until_they_are_dropped_or_the_next_swap(projection):
    for _ in range(2):
        begin(projection)
        assert go_on(projection)
    assert [row.state for row in ProjectionRebuild.objects.all()] == ["swapped", "dropped"]
    assert schemas() == ["nova_previous_users"]
    assert do("drop", projection) == "users has no previous tables any more"
    assert latest().state == "dropped"
    assert schemas() == []
    with pytest.raises(RebuildRefused, match="no previous tables are kept"):
        do("rollback", projection)


def test_a_pause_survives_a_swap_and_a_failure_does_not(projection):
    checkpoints.pause(projection)
    begin(projection)
    assert go_on(projection)
    assert ProjectionCheckpoint.objects.get().status == "paused"
    ProjectionCheckpoint.objects.update(status="failed", error="x", attempts=3)
    begin(projection)
    assert go_on(projection)
    kept = ProjectionCheckpoint.objects.get()
    assert (kept.status, kept.error, kept.attempts) == ("running", "", 0)


def test_an_effect_that_fails_holds_the_swap_up_and_is_told():
    class Failing(Effects):
        def on_applied(self, events):
            raise ValueError("no mail today")

    record(created())
    projection = Failing()
    begin(projection)
    assert not go_on(projection)
    assert (latest().state, latest().error) == (
        "caught_up",
        "projection users: on_applied failed: ValueError: no mail today",
    )
    ProjectionRebuild.objects.update(retry_at=timezone.now())
    assert go_on(Effects())


def test_without_a_swap_it_follows_until_one_is_asked_for(projection):
    begin(projection, swap=False)
    assert not go_on(projection)
    record(created())
    assert not go_on(projection)
    assert not User.objects.exists()
    do("swap", projection)
    assert latest().swaps
    assert go_on(projection)
    assert User.objects.count() == 1


def test_a_cancelled_rebuild_leaves_nothing(projection):
    record(created())
    run_pass(projection)
    begin(projection)
    with pytest.raises(RebuildRefused, match="under way"):
        begin(projection)
    do("cancel", projection)
    assert (schemas(), User.objects.count()) == ([], 1)
    assert not go_on(projection)
    with pytest.raises(RebuildRefused, match="no rebuild is under way"):
        do("cancel", projection)


@pytest.mark.parametrize(
    ("make", "unmake", "why"),
    [
        ("CREATE VIEW seen AS SELECT user_id FROM users_read", "DROP VIEW seen", "the view or rule _RETURN of seen"),
        (
            "CREATE TRIGGER hit BEFORE UPDATE ON users_read EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER hit ON users_read",
            "the trigger hit",
        ),
        (
            "CREATE TABLE refers (user_id varchar REFERENCES users_read)",
            "DROP TABLE refers",
            "the foreign key refers_user_id_fkey of refers",
        ),
        (
            "ALTER TABLE users_read ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE users_read DISABLE ROW LEVEL SECURITY",
            "it has row security",
        ),
        ("CREATE STATISTICS seen ON email, status FROM users_read", "DROP STATISTICS seen", "statistics seen"),
        (
            "CREATE FUNCTION seen() RETURNS SETOF users_read LANGUAGE sql AS 'SELECT * FROM users_read'",
            "DROP FUNCTION seen",
            "function seen() depends",
        ),
    ],
)  # fmt: skip
def test_what_would_stay_behind_with_the_old_tables_is_refused_at_the_start_and_at_the_swap(
    projection, make, unmake, why
):
    begin(projection)
    execute(make)
    try:
        assert not go_on(projection)
        assert why in latest().error
        do("cancel", projection)
        with pytest.raises(RebuildRefused) as refused:
            begin(projection)
        assert why in str(refused.value)
    finally:
        execute(unmake)


def test_tables_that_were_altered_meanwhile_do_not_change_places(projection):
    begin(projection)
    execute("ALTER TABLE users_read ADD COLUMN late integer")
    try:
        assert not go_on(projection)
        assert "its tables were altered since the others were made" in latest().error
        assert "late" in latest().error
    finally:
        execute("ALTER TABLE users_read DROP COLUMN late")


def test_deleted_users_stay_what_they_are_through_a_swap_and_back(projection):
    record(created())
    record(deleted())
    catch_up(projection)
    before = stored_users()
    begin(projection)
    assert go_on(projection)
    assert stored_users() == before
    do("rollback", projection)
    assert stored_users() == before


def schemas() -> list[str]:
    return [
        name for (name,) in rows(r"SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'nova\_%%' ORDER BY 1")
    ]


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
