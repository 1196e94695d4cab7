"""A projection equals the fold of the log at its checkpoint; effect and checkpoint commit together (I8)."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.api import NewEvent, StreamId, append_events, last_position, read_log, safe_position
from events.envelope import RecordedEvent
from kit.outages import is_outage
from nova.services.identity.models import User
from nova.services.identity.projections import UsersProjection
from nova.services.social.events import PostLiked
from projections.engine import checkpoints
from projections.engine.engine import Outcome, run_pass
from projections.models import ProjectionCheckpoint
from tests.support.projections import (
    Recording,
    catch_up,
    created,
    deleted,
    fold_users,
    profile,
    record,
    stored_users,
    user_payloads,
)
from tests.support.rebuilds import begin, go_on
from tests.support.sessions import become_a_reader, stricter_by_default


class Crash(BaseException):
    """The process dies."""


class Crashing(UsersProjection):
    """Dies after its effect and before its checkpoint, as often as it is told."""

    crashes = 0

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        super().apply_batch(events)
        if self.crashes:
            self.crashes -= 1
            raise Crash


def checkpoint(name: str) -> ProjectionCheckpoint:
    return ProjectionCheckpoint.objects.get(name=name)


def retry_now(name: str) -> None:
    ProjectionCheckpoint.objects.filter(name=name).update(retry_at=timezone.now() - timedelta(seconds=1))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payloads=st.lists(user_payloads(), min_size=1, max_size=30), data=st.data())
def test_tables_equal_the_fold_of_the_log_at_the_checkpoint_whatever_crashes(committed_db, payloads, data):
    # Given any events and an engine that dies between effect and checkpoint now and then
    projection = Crashing()
    User.objects.all().delete()
    start = last_position()
    checkpoints.current(projection)
    ProjectionCheckpoint.objects.update(position=start)
    append_events(StreamId("user", "any"), -1, [NewEvent(payload=payload) for payload in payloads])
    everything = read_log(start, 1_000).events
    limit = data.draw(st.integers(1, 10))
    result = None
    while result is None or result.more:
        projection.crashes = int(data.draw(st.booleans()))
        try:
            result = run_pass(projection, limit=limit)
        except Crash:
            result = None
        # Then at every moment the table is the fold of the log up to the checkpoint
        position = checkpoint("users").position
        assert stored_users() == fold_users([event for event in everything if event.position <= position])
    assert position == last_position()


def test_checkpoint_moves_on_when_no_event_matches(committed_db):
    append_events(StreamId("post", "p"), -1, [NewEvent(payload=PostLiked(post_id="p", user_id="ann"))])
    projection = Recording()
    assert run_pass(projection).outcome == Outcome.ADVANCED
    assert projection.seen == []
    assert checkpoint("recording").position == last_position()
    assert run_pass(projection).outcome == Outcome.CURRENT


def test_who_has_read_the_safe_position_before_others_came_further_moves_nothing_back(committed_db):
    projection = Recording()
    record(created("ann"))
    read_before = safe_position()
    record(created("bea"))
    assert run_pass(projection).position == last_position()

    late = run_pass(projection, safe_position=read_before)

    assert (late.outcome, late.position) == (Outcome.CURRENT, last_position())
    assert checkpoint(projection.name).position == last_position()
    assert len(projection.seen) == 2


def test_no_more_is_applied_than_up_to_the_safe_position_that_is_given(committed_db):
    projection = Recording()
    record(created("ann"))
    read_before = safe_position()
    record(created("bea"))

    assert run_pass(projection, safe_position=read_before).position == read_before
    assert len(projection.seen) == 1


def test_batches_are_limited_and_follow_the_log(committed_db):
    for number in range(5):
        record(created(f"user-{number}"))
    projection = Recording()
    catch_up(projection, limit=2)
    assert projection.seen == [f"user-{number}" for number in range(5)]
    assert projection.batches == [2, 2, 1]


def test_a_failing_event_stops_its_projection_right_before_it_and_no_other(committed_db):
    # Given a projection that cannot take one of the events, and one that can
    for name in ("a", "b", "c", "d"):
        record(created(name))
    broken, whole = Recording("broken"), Recording("whole")
    broken.broken_at = "c"
    # When both run
    assert run_pass(broken).outcome == Outcome.FAILED
    assert run_pass(whole).outcome == Outcome.ADVANCED
    # Then the one has all before the event, and says which event and why
    assert broken.seen == ["a", "b"]
    failure = checkpoint("broken")
    failing = read_log(0, 10).events[2]
    assert (failure.status, failure.failed_event_id, failure.failed_position) == (
        "failed",
        failing.event_id,
        failing.position,
    )
    assert failure.position == failing.position - 1
    assert failure.error == "ValueError: cannot take c"
    # And the other has gone on
    assert whole.seen == ["a", "b", "c", "d"]


def test_a_failed_projection_waits_longer_each_time_and_heals_by_itself(committed_db):
    for name in ("a", "b"):
        record(created(name))
    projection = Recording()
    projection.broken_at = "a"
    waits = []
    for attempt in range(1, 4):
        assert run_pass(projection).outcome == Outcome.FAILED
        failure = checkpoint("recording")
        assert failure.attempts == attempt
        assert failure.retry_at is not None
        waits.append(failure.retry_at - timezone.now())
        assert run_pass(projection).outcome == Outcome.WAITING
        retry_now("recording")
    assert waits == sorted(waits)
    projection.broken_at = None
    assert run_pass(projection).outcome == Outcome.ADVANCED
    healed = checkpoint("recording")
    assert (healed.status, healed.attempts, healed.error, healed.failed_event_id) == ("running", 0, "", None)
    assert projection.seen == ["a", "b"]


def test_another_failing_event_counts_from_one(committed_db):
    for name in ("a", "b"):
        record(created(name))
    projection = Recording()
    projection.broken_at = "a"
    run_pass(projection)
    retry_now("recording")
    projection.broken_at = "b"
    assert run_pass(projection).outcome == Outcome.FAILED
    assert checkpoint("recording").attempts == 1


def test_an_outage_is_not_blamed_on_an_event(committed_db):
    class Unreachable(Recording):
        def apply_batch(self, events):
            raise OperationalError("the connection is lost")

    record(created())
    with pytest.raises(OperationalError):
        run_pass(Unreachable())
    assert not ProjectionCheckpoint.objects.filter(status="failed").exists()


def test_an_error_of_the_database_about_an_event_is_blamed_on_the_event(committed_db):
    class Impossible(Recording):
        def apply_batch(self, events):
            with connection.cursor() as cursor:
                cursor.execute("SELECT repeat('x', 2000000000) || repeat('x', 2000000000)")

    record(created())
    assert run_pass(Impossible()).outcome == Outcome.FAILED


def test_a_paused_projection_stays_where_it_is_until_it_is_resumed(committed_db):
    projection = Recording()
    checkpoints.pause(projection)
    record(created())
    assert run_pass(projection).outcome == Outcome.PAUSED
    checkpoints.resume(projection)
    assert run_pass(projection).outcome == Outcome.ADVANCED


def test_a_pause_that_comes_during_a_pass_survives_it(committed_db):
    class PausedMeanwhile(Recording):
        def apply_batch(self, events):
            checkpoints.pause(self)

    record(created())
    projection = PausedMeanwhile()
    run_pass(projection)
    assert checkpoint("recording").status == "paused"


def test_tables_of_another_version_are_left_alone_until_a_rebuild(committed_db):
    record(created())
    projection = UsersProjection()
    run_pass(projection)
    newer = type("Newer", (UsersProjection,), {"version": 2})()
    record(profile())
    assert run_pass(newer).outcome == Outcome.OUTDATED
    assert User.objects.get().display_name == ""
    begin(newer)
    assert go_on(newer)
    assert run_pass(projection).outcome == Outcome.OUTDATED
    assert User.objects.get().display_name == "Ann"


def test_two_engines_at_once_change_nothing_but_load(committed_db):
    # Given a log, and two engines at it in small steps
    payloads = [created(f"user-{number}") for number in range(60)] + [deleted(f"user-{number}") for number in range(30)]
    for payload in payloads:
        record(payload)
    projection = UsersProjection()
    start = threading.Barrier(2)
    outcomes: list[Outcome] = []

    def engine() -> None:
        start.wait()
        while checkpoint_position() < last_position():
            outcomes.append(run_pass(projection, limit=3).outcome)
        connection.close()

    def checkpoint_position() -> int:
        found = ProjectionCheckpoint.objects.filter(name="users").first()
        return found.position if found else 0

    threads = [threading.Thread(target=engine) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # Then each event was applied once
    assert outcomes.count(Outcome.ADVANCED) == 30
    assert set(outcomes) <= {Outcome.ADVANCED, Outcome.BUSY, Outcome.CURRENT}
    assert stored_users() == fold_users(read_log(0, 1_000).events)


def test_an_open_append_is_waited_for_and_then_seen(committed_db):
    projection = Recording()
    opened, release = threading.Event(), threading.Event()

    def append_slowly() -> None:
        with transaction.atomic():
            record(created("slow"))
            opened.set()
            release.wait(30)
        connection.close()

    thread = threading.Thread(target=append_slowly)
    thread.start()
    opened.wait(30)
    record(created("quick"))
    catch_up(projection)
    assert projection.seen == []
    release.set()
    thread.join(30)
    catch_up(projection)
    assert projection.seen == ["slow", "quick"]


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_no_event_is_passed_whatever_the_isolation_level_of_the_role(committed_db, monkeypatch, level):
    # Given an event that is committed when a pass has begun and has not read the log yet
    def read_after_a_commit(*arguments, **options):
        if "late" not in late:
            late.append("late")
            thread = threading.Thread(target=append_late)
            thread.start()
            thread.join(30)
        return read_log(*arguments, **options)

    def append_late():
        record(created("late"))
        connection.close()

    late: list[str] = []
    monkeypatch.setattr("projections.engine.engine.read_log", read_after_a_commit)
    projection = Recording()
    # When the role's transactions have this level by default
    with stricter_by_default(level):
        record(created("early"))
        catch_up(projection)
        record(created("next"))
        catch_up(projection)
    # Then the checkpoint has passed nothing that was not applied
    assert projection.seen == ["early", "late", "next"]


def test_a_database_that_only_reads_is_not_blamed_on_an_event(committed_db):
    record(created())
    projection = Recording()
    run_pass(projection)
    record(created("bob"))
    become_a_reader(connection)

    with pytest.raises(OperationalError) as refused:
        run_pass(projection)

    assert is_outage(refused.value)
    assert (checkpoint("recording").status, checkpoint("recording").attempts) == ("running", 0)
    assert run_pass(projection).outcome == Outcome.ADVANCED
