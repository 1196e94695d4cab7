"""Whoever has appended waits until a read model has it, cheaply, and for a bounded time."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events.api import last_position, read_log
from nova.services.analytics.service import SERVICE
from nova.services.identity.models import User
from nova.services.identity.projections import PROJECTION
from nova.services.social.events import PostLiked
from outbox.api import as_received, group_named, take_effect
from projections.api import InvalidArgument, ProjectionRunner, UnknownProjection, wait_for
from projections.conf import projections_conf
from projections.models import ProjectionPartition
from projections.waiting.positions import SharedLooks, seen_position
from tests.support.outbox import eventually
from tests.support.projections import catch_up, created, record
from tests.support.threads import THREADS, in_threads

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


@contextmanager
def worker() -> Iterator[None]:
    """A worker that keeps users up to date."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ProjectionRunner([PROJECTION], projections_conf()).run, stop)
        try:
            yield
        finally:
            stop.set()
            running.result()


def appended(user_id: str = "ann") -> int:
    record(created(user_id))
    return last_position()


def test_whoever_has_appended_finds_it_after_waiting_however_many_do_so_at_once():
    def write_and_read(number: int) -> bool:
        record(created(f"user-{number}"))
        # Positions of other threads may lie between; this one is not below the own.
        assert wait_for("users", last_position(), timeout=10)
        return User.objects.filter(user_id=f"user-{number}").exists()

    with worker():
        assert in_threads(write_and_read) == [True] * THREADS


def test_without_a_worker_the_wait_ends_in_time_and_says_so():
    position = appended()
    began = time.monotonic()

    assert not wait_for("users", position, timeout=0.3)

    assert 0.3 <= time.monotonic() - began < 10


def test_the_setting_bounds_the_wait_and_nothing_is_waited_for_with_none(settings, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr("projections.waiting.waiting.sleep", slept.append)
    position = appended()

    settings.NOVA_PROJECTION_WAIT_TIMEOUT = 0.05
    assert not wait_for("users", position)
    assert slept

    slept.clear()
    settings.NOVA_PROJECTION_WAIT_TIMEOUT = 0.0
    assert not wait_for("users", position)
    assert slept == []


def test_several_workers_are_as_far_as_the_one_that_is_behind():
    appended()
    catch_up(PROJECTION)
    ProjectionPartition.objects.bulk_create(
        ProjectionPartition(projection="users", number=number, position=position)
        for number, position in enumerate((7, 3, 9))
    )

    assert (seen_position("users"), SharedLooks().position("users")) == (3, 3)


def test_what_is_there_is_found_by_one_look():
    position = appended()
    catch_up(PROJECTION)

    with CaptureQueriesContext(connection) as queries:
        assert wait_for("users", position)

    assert len(queries) == 1


def test_a_position_beyond_the_log_is_refused_at_once():
    position = appended()

    with pytest.raises(InvalidArgument, match=f"beyond the end of the log, which is at {position}"):
        wait_for("users", position + 1)
    with pytest.raises(UnknownProjection):
        wait_for("nobody", position)


def test_between_two_looks_no_connection_is_held_outside_of_a_transaction(monkeypatch):
    position = appended()
    held = []
    monkeypatch.setattr("projections.waiting.waiting.sleep", lambda _: held.append(connection.connection is not None))

    assert not wait_for("users", position, timeout=0.05)
    assert set(held) == {False}

    held.clear()
    with transaction.atomic():
        assert not wait_for("users", position, timeout=0.05)
    assert set(held) == {True}


def test_many_who_wait_share_their_looks():
    position = appended()
    looks = SharedLooks()

    with CaptureQueriesContext(connection) as queries:
        found = [looks.position("users") for _ in range(1_000)]

    assert max(found) < position
    assert len(queries) <= 3
    catch_up(PROJECTION)
    eventually(lambda: looks.position("users") == position)


def test_a_checkpoint_that_was_moved_back_is_not_taken_for_what_it_was(monkeypatch):
    position = appended()
    monkeypatch.setattr("projections.waiting.waiting.shared_looks.position", lambda _: position)

    assert seen_position("users") == 0
    assert not wait_for("users", position, timeout=0.1)


def test_what_handlers_keep_has_an_event_once_it_has_had_its_effect_on_them():
    position = appended()
    assert not wait_for("analytics-counts", position, timeout=0.05)
    group = group_named(SERVICE.name)

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(_waiting_for, "analytics-counts", position)
        take_effect(group, [as_received(event) for event in read_log(0, 10).events])
        assert found.result()


def _waiting_for(name: str, position: int) -> bool:
    try:
        return wait_for(name, position, timeout=10)
    finally:
        connection.close()


def test_an_event_that_handlers_do_not_want_is_not_waited_for():
    # The index of words wants profiles and posts, and no likes.
    record(PostLiked(post_id="p", user_id="ann"), stream="p")

    assert wait_for("search-documents", last_position(), timeout=0.0)
