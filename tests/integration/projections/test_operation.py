"""Projections run in workers, by beat, and under an operator's hand; their lag is true whoever is dead."""

import threading
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest

from events.api import last_position
from nova.celery import app
from nova.services.feed import changes as feed_changes
from nova.services.feed import tasks as feed_tasks
from nova.services.feed.queries import feed
from nova.services.identity.models import User
from outbox.api import group_named
from projections import tasks
from projections.conf import projections_conf
from projections.definition.registry import projection_named
from projections.engine import checkpoints
from projections.engine.engine import run_pass
from projections.engine.lag import projection_lag
from projections.engine.runner import ProjectionRunner
from projections.metrics import ProjectionCollector
from projections.models import ProjectionCheckpoint
from projections.operating.reading import projection_statuses
from tests.support.feeds import follow, handle, post
from tests.support.outbox import eventually
from tests.support.projections import Recording, created, record
from tests.support.sessions import failed_over_to_a_reader

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url", "no_schemas_left")


class Awaited(Recording):
    """Says when it has seen what is waited for."""

    def __init__(self, name: str, last: str) -> None:
        super().__init__(name)
        self.last = last
        self.done = threading.Event()

    def apply_batch(self, events: Any) -> None:
        super().apply_batch(events)
        if self.last in self.seen:
            self.done.set()


@pytest.fixture
def running():
    stops: list[tuple[threading.Event, threading.Thread]] = []

    def start(*projections: Any) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=ProjectionRunner(projections, projections_conf()).run, args=[stop])
        thread.start()
        stops.append((stop, thread))

    yield start
    for stop, thread in stops:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def command(*words: str) -> str:
    out = StringIO()
    call_command("projections", *words, stdout=out)
    return out.getvalue()


def test_a_runner_applies_what_is_appended_while_it_runs(running):
    projection = Awaited("awaited", "last")
    record(created("first"))
    running(projection)
    record(created("last"))
    assert projection.done.wait(10)
    assert projection.seen == ["first", "last"]


def test_a_failing_projection_does_not_keep_a_runner_from_the_others(running):
    broken, whole = Recording("broken"), Awaited("whole", "b")
    broken.broken_at = "a"
    running(broken, whole)
    record(created("a"))
    record(created("b"))
    assert whole.done.wait(10)
    assert broken.seen == []


def test_a_runner_survives_the_loss_of_its_database_connections(running):
    first, second = Awaited("first", "a"), Awaited("second", "b")
    running(first, second)
    record(created("a"))
    assert first.done.wait(10)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    record(created("b"))
    assert second.done.wait(10)
    assert second.seen == ["a", "b"]


def test_a_runner_works_without_redis(running, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    projection = Awaited("awaited", "a")
    running(projection)
    record(created("a"))
    assert projection.done.wait(10)


def test_beat_alone_brings_everything_up_to_date():
    for number in range(3):
        record(created(f"user-{number}"))
    assert tasks.project() == 3
    assert User.objects.count() == 3
    assert tasks.project() == 0


def test_beat_alone_tells_redis_what_was_left_behind(monkeypatch):
    monkeypatch.setattr(feed_changes, "_show_quietly", lambda _: None)
    handle(group_named("feed-service").handlers, follow("bob"), post("p1"))
    assert feed_tasks.show_feed_changes() == 2
    assert feed_tasks.show_feed_changes() == 0
    assert [item.post_id for item in feed("bob").items] == ["p1"]


def test_beat_bears_a_redis_that_is_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    handle(group_named("feed-service").handlers, follow("bob"))
    assert feed_tasks.show_feed_changes() == 0


def test_lag_is_known_without_any_worker():
    projection = Recording()
    record(created("a"))
    run_pass(projection)
    assert projection_lag(projection, _position("recording")).events == 0
    for name in ("b", "c"):
        record(created(name))
    lag = projection_lag(projection, _position("recording"))
    assert lag.events == 2
    assert 0 < lag.seconds < 60


def test_status_says_what_is_outdated():
    checkpoints.current(projection_named("users"))
    ProjectionCheckpoint.objects.update(version=99)
    assert [status.status for status in projection_statuses() if status.name == "users"] == ["outdated"]


def test_metrics_show_the_lag_at_the_time_of_the_scrape():
    registry = CollectorRegistry()
    registry.register(ProjectionCollector())
    assert 'projection_lag_events{projection="users"} 0.0' in generate_latest(registry).decode()
    record(created())
    text = generate_latest(registry).decode()
    assert 'projection_lag_events{projection="users"} 1.0' in text
    assert 'projection_running{projection="users"} 1.0' in text
    assert 'projection_parked_aggregates{projection="users"} 0.0' in text


def test_metrics_are_missing_rather_than_old_without_a_database(monkeypatch):
    def no_database() -> Any:
        raise psycopg.OperationalError

    registry = CollectorRegistry()
    registry.register(ProjectionCollector())
    monkeypatch.setattr("projections.metrics.projection_statuses", no_database)
    assert generate_latest(registry) == b""


def test_the_command_shows_and_steers():
    record(created())
    assert "users" in command("status")
    assert command("pause", "users") == "users is paused.\n"
    assert "paused" in command("status")
    command("resume", "users")
    tasks.project()
    assert command("rebuild", "users") == "users is filled anew beside the tables that serve.\n"
    assert User.objects.count() == 1
    assert tasks.rebuild() == 1
    assert "swapped" in command("status")
    assert User.objects.count() == 1
    assert command("rollback", "users", "--reason", "a try") == "users is rolled back to its previous tables.\n"


def test_the_command_waits_for_a_rebuild_and_shows_how_far_it_is():
    record(created())
    said = command("rebuild", "users", "--wait", "--no-swap", "--reason", "a try")
    assert said.splitlines()[-1].startswith("users: caught up, 100%, position 1 of 1, ")
    assert not User.objects.exists()
    command("swap", "users")
    assert tasks.rebuild() == 1
    assert command("rebuild", "users", "--wait").splitlines()[-1] == "users: swapped."
    assert command("drop", "users") == "users has no previous tables any more.\n"
    with pytest.raises(CommandError, match="no rebuild is under way; begin one"):
        command("cancel", "users")


def test_beat_goes_on_with_rebuilds_and_begins_those_that_are_wanted(settings):
    assert tasks.rebuild.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
    settings.NOVA_PROJECTION_REBUILD = "auto"
    record(created())
    tasks.project()
    ProjectionCheckpoint.objects.filter(name="users").update(version=0)
    assert tasks.rebuild() == 1
    assert ProjectionCheckpoint.objects.get(name="users").version == 1


def test_the_command_refuses_a_name_that_nobody_has():
    with pytest.raises(CommandError, match="nobody"):
        command("pause", "nobody")


def _position(name: str) -> int:
    return ProjectionCheckpoint.objects.get(name=name).position


def test_a_database_that_only_reads_is_waited_for(running: Any) -> None:
    projection = Recording("patient")
    running(projection)
    record(created("ann"))
    eventually(lambda: projection.seen)
    with failed_over_to_a_reader():
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
        record(created("bob"))
        # It tries again and again, and cannot keep how far it has come.
        eventually(lambda: projection.seen.count("bob") > 2)

    eventually(lambda: ProjectionCheckpoint.objects.get(name="patient").position == last_position())
    assert ProjectionCheckpoint.objects.get(name="patient").attempts == 0
