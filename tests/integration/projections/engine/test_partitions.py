"""Several workers at one projection: each aggregate in order, every event once, however many are and whoever dies."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection

from events.api import NewEvent, StreamId, append_events, last_position, partition_number, read_log
from events.envelope import RecordedEvent
from events.store.reading.partitions import LogPartition
from kit.actions import NoArguments
from nova.services.identity.models import User
from projections.definition.policy import OnError, Policy
from projections.engine.engine import Outcome, run_pass
from projections.models import ParkedAggregate, ProjectionCheckpoint, ProjectionPartition
from projections.operating.actions import operate
from projections.operating.engine_verbs import OfAggregate, OfEvent, ToPosition
from projections.operating.reading import projection_detail
from projections.verification.verify import verify
from tests.support.outbox import eventually, url_of_test_database
from tests.support.platform import CHECKOUT
from tests.support.projections import catch_up, created, fold_users, profile, record, stored_users
from tests.support.rebuilds import Effects, begin, go_on

pytestmark = pytest.mark.usefixtures("no_schemas_left")

NAMES = [f"user-{number}" for number in range(12)]


class Shared(Effects):
    """Keeps users by their own streams with some workers, and cannot take whom it is told of."""

    per_aggregate = True

    def __init__(self, workers: int = 3, *, on_error: OnError = OnError.PAUSE) -> None:
        super().__init__()
        self.policy = Policy(workers=workers, on_error=on_error, retries=0)  # type: ignore[misc]
        self.broken: set[str] = set()

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        if failing := self.broken.intersection(map(self.key_of, events)):
            raise ValueError(f"cannot take {min(failing)}")
        super().apply_batch(events)


def everything() -> list[RecordedEvent]:
    return read_log(0, 100_000, Shared.event_types).events


def positions_of(*names: str) -> list[int]:
    return [event.position for event in everything() if event.aggregate_id in names]


def do(verb: str, projection: Shared, arguments: Any = None) -> None:
    operate(verb, projection, arguments or NoArguments(), actor="operator", reason="a try")


def positions() -> list[int]:
    return list(ProjectionPartition.objects.order_by("number").values_list("position", flat=True))


def number_of(name: str, of: int = 3) -> int:
    return partition_number(StreamId("user", name), of)


def test_each_event_of_the_log_is_of_one_partition_here_and_in_the_database():
    for name in (*NAMES, "дана"):
        record(created(name))
    everybody = [event.event_id for event in everything()]
    parts = [LogPartition(number=number, of=5) for number in range(5)]
    found = [read_log(0, 100, partition=part).events for part in parts]
    assert sorted(event.event_id for page in found for event in page) == sorted(everybody)
    assert all(part.has(event.stream) for part, page in zip(parts, found, strict=True) for event in page)
    assert len([page for page in found if page]) > 1


def test_whatever_their_number_becomes_every_event_is_applied_once_and_in_order():
    fired: list[int] = []
    for workers in (1, 3, 2, 1, 4):
        for name in NAMES:
            record(profile(name, display_name=f"{name} with {workers}"))
        projection = Shared(workers)
        projection.fired = fired
        catch_up(projection, limit=5)
        run_pass(projection)
        # The next ones find them at several positions
        for name in NAMES:
            record(profile(name))
        run_pass(projection, limit=2)
        assert ProjectionCheckpoint.objects.get().partitions == workers
        assert ProjectionPartition.objects.count() == (workers if workers > 1 else 0)
        assert verify(projection) is None
    catch_up(projection)
    assert sorted(fired) == [event.position for event in everything()]
    assert stored_users() == fold_users(everything())


def test_a_partition_that_fails_holds_nobody_else_and_its_event_is_skipped():
    projection = Shared()
    run_pass(projection)
    projection.broken = {NAMES[0]}
    for name in NAMES:
        record(created(name))
        record(profile(name))
    catch_up(projection)
    catch_up(projection)
    # Then all others have gone on, and how it stands is told as of the slowest
    failing = number_of(NAMES[0])
    assert {name for name in NAMES if number_of(name) != failing} <= set(stored_users())
    detail = projection_detail(projection)
    (event_id,) = [event.event_id for event in everything() if event.position == positions_of(NAMES[0])[0]]
    assert (detail.status, detail.failed_event_id, detail.attempts) == ("failed", event_id, 1)
    assert detail.position == min(positions()) == positions_of(NAMES[0])[0] - 1
    assert [one.status for one in detail.partitions] == [
        "failed" if number == failing else "running" for number in range(3)
    ]
    assert detail.lag.events > 0
    assert verify(projection) is None
    assert run_pass(projection).outcome == Outcome.WAITING
    # When its event is skipped
    projection.broken = set()
    do("skip", projection, OfEvent(event_id=event_id))
    catch_up(projection)
    # Then that partition has the rest
    assert projection_detail(projection).status == "running"
    assert set(positions()) == {last_position()}
    assert verify(projection) is None
    assert sorted(projection.fired) == [event.position for event in everything() if event.event_id != event_id]


def test_pause_resume_and_reset_are_for_all_of_them():
    projection = Shared()
    for name in NAMES:
        record(created(name))
    catch_up(projection)
    do("pause", projection)
    record(profile(NAMES[0]))
    assert run_pass(projection).outcome == Outcome.PAUSED
    do("resume", projection)
    catch_up(projection)
    assert User.objects.get(pk=NAMES[0]).display_name
    do("reset", projection, ToPosition(position=3))
    assert not ProjectionPartition.objects.exists()
    projection.fired = []
    catch_up(projection)
    assert sorted(projection.fired) == [event.position for event in everything() if event.position > 3]
    assert verify(projection) is None


def test_a_parked_aggregate_is_released_up_to_where_its_partition_is():
    projection = Shared(on_error=OnError.PARK)
    run_pass(projection)
    projection.broken = {NAMES[0]}
    for name in NAMES:
        record(created(name))
    catch_up(projection)
    assert ParkedAggregate.objects.get().aggregate_id == NAMES[0]
    projection.broken = set()
    record(profile(NAMES[0]))
    catch_up(projection)
    record(profile(NAMES[0], display_name="not come to yet"))
    do("release", projection, OfAggregate(aggregate_type="user", aggregate_id=NAMES[0]))
    assert User.objects.get(pk=NAMES[0]).display_name == NAMES[0].title()
    assert verify(projection) is None
    catch_up(projection)
    assert User.objects.get(pk=NAMES[0]).display_name == "not come to yet"
    assert sorted(projection.fired) == [event.position for event in everything()]


def test_tables_are_exchanged_with_partitions_at_several_positions_and_back():
    projection = Shared()
    for name in NAMES:
        record(created(name))
    catch_up(projection)
    for name in NAMES:
        record(profile(name))
    run_pass(projection)
    before = positions()
    assert len(set(before)) > 1
    begin(projection)
    assert go_on(projection)
    # Effects of what the slower ones had not come to are had
    assert sorted(projection.fired) == [event.position for event in everything()]
    assert verify(projection) is None
    record(profile(NAMES[1], display_name="later"))
    catch_up(projection)
    do("rollback", projection)
    assert positions() == before
    assert verify(projection) is None
    catch_up(projection)
    assert stored_users() == fold_users(everything())
    assert verify(projection) is None


WORKER = """
import sys, time, django
django.setup()
from projections.definition.registry import register_projections
from projections.engine.engine import run_pass
from tests.integration.projections.engine.test_partitions import Shared
projection = Shared(int(sys.argv[1]))
while True:
    if not run_pass(projection, limit=20).more:
        time.sleep(0.01)
"""


def worker(workers: int) -> "subprocess.Popen[bytes]":
    more = {"DJANGO_SETTINGS_MODULE": "nova.settings.test", "DATABASE_URL": url_of_test_database()}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(workers)], cwd=CHECKOUT, env=os.environ | more)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def test_processes_share_a_projection_and_one_that_is_killed_leaves_nothing_half_done():
    # Given two processes at it, while somebody appends
    stop = threading.Event()

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                payloads = [profile(name, display_name=f"{number}") for name in NAMES]
                for name, payload in zip(NAMES, payloads, strict=True):
                    append_events(StreamId("user", name), -1, [NewEvent(payload=payload)])
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    processes = [worker(3), worker(3)]
    try:
        eventually(lambda: positions() and min(positions()) > 300, within=60)
        # When one is killed, and others want another number
        end(processes.pop())
        reached = min(positions())
        eventually(lambda: min(positions()) > reached + 300, within=60)
        processes += [worker(2)]
        end(processes.pop(0))
        eventually(lambda: len(positions()) == 2, within=60)
        reached = min(positions())
        eventually(lambda: len(positions()) == 2 and min(positions()) > reached + 300, within=60)
    finally:
        stop.set()
        thread.join(60)
        for process in processes:
            end(process)
    # Then nothing was lost or doubled
    catch_up(Shared(2))
    assert stored_users() == fold_users(everything())
    assert verify(Shared(2)) is None


def test_who_is_at_a_partition_has_it_alone():
    projection = Shared(2)
    run_pass(projection)
    held, release = threading.Event(), threading.Event()

    class Slow(Shared):
        def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
            held.set()
            release.wait(30)
            super().apply_batch(events)

    for name in NAMES:
        record(created(name))

    def slowly() -> None:
        try:
            run_pass(Slow(2))
        finally:
            connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    held.wait(30)
    # Another worker takes the other partition, and nothing of the first one
    catch_up(projection)
    (other,) = {number_of(name, 2) for name in stored_users()}
    assert run_pass(projection).outcome == Outcome.BUSY
    release.set()
    thread.join(30)
    assert {number_of(name, 2) for name in stored_users()} == {other, 1 - other}
    assert stored_users() == fold_users(everything())
