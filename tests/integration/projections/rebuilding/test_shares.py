"""Several workers fill a rebuild's tables at once, each a partition of the log; whoever is killed is gone on from."""

import os
import subprocess
import sys
from functools import partial

import pytest
from django.utils import timezone

from events.api import NewEvent, StreamId, append_events, last_position, read_log
from projections import tasks
from projections.definition.policy import OnError
from projections.engine.engine import run_pass
from projections.models import ParkedAggregate, Place, ProjectionPartition, ProjectionRebuild
from projections.rebuilding.filling import Filled, fill
from projections.rebuilding.records import rebuild_status
from projections.verification.verify import verify
from tests.integration.projections.engine.test_partitions import NAMES, Shared, do, end, number_of
from tests.support.outbox import eventually, url_of_test_database
from tests.support.platform import CHECKOUT
from tests.support.projections import catch_up, created, fold_users, profile, record, stored_users
from tests.support.rebuilds import begin, go_on, latest

pytestmark = pytest.mark.usefixtures("no_schemas_left")

FILLER = """
import time, django
django.setup()
from projections.rebuilding.worker import work
from tests.integration.projections.engine.test_partitions import Shared
projection = Shared(3)
while not work(projection, until=time.monotonic() + 1):
    time.sleep(0.02)
"""


def everything() -> dict[str, dict[str, object]]:
    return fold_users(read_log(0, 100_000, Shared.event_types).events)


def shares() -> list[int]:
    rows = ProjectionPartition.objects.filter(place=Place.REBUILD).order_by("number")
    return list(rows.values_list("position", flat=True))


def filler() -> "subprocess.Popen[bytes]":
    more = {
        "DJANGO_SETTINGS_MODULE": "nova.settings.test",
        "DATABASE_URL": url_of_test_database(),
        "NOVA_PROJECTION_REBUILD_BATCH_SIZE": "50",
    }
    return subprocess.Popen([sys.executable, "-c", FILLER], cwd=CHECKOUT, env=os.environ | more)


def test_partitions_are_filled_brought_together_and_swapped():
    projection = Shared()
    for name in NAMES:
        record(created(name))
        record(profile(name))
    catch_up(projection)
    begin(projection)
    target = last_position()
    assert (latest().partitions, latest().target, shares()) == (3, target, [0, 0, 0])
    # What comes meanwhile is for whoever goes on alone
    record(profile(NAMES[0], display_name="late"))
    assert fill(projection, limit=2) == Filled.MORE
    assert sorted(shares())[:2] == [0, 0]
    projection.fired = []
    assert go_on(projection)
    assert (latest().partitions, latest().state, shares()) == (1, "swapped", [])
    assert latest().events == 2 * len(NAMES) + 1
    assert projection.fired == [last_position()]
    assert stored_users() == everything()
    run_pass(projection)
    assert verify(projection) is None


@pytest.mark.slow
def test_fillers_that_are_killed_are_gone_on_from_and_nothing_is_doubled():
    # Given a log, and three at its rebuild
    projection = Shared(3)
    for number in range(40):
        for name in NAMES:
            payloads = [profile(name, display_name=f"{number}.{step}") for step in range(5)]
            append_events(StreamId("user", name), -1, [NewEvent(payload=payload) for payload in payloads])
    begin(projection)
    processes = [filler() for _ in range(3)]
    try:
        # When one after the other is killed while others are at their partitions
        for part in (0.2, 0.5):
            eventually(partial(has_filled, part * last_position()), within=60)
            end(processes.pop())
            assert latest().state == "filling"
        eventually(lambda: latest().state == "swapped", within=60)
    finally:
        for process in processes:
            end(process)
    # Then each event was applied once
    assert latest().events == 40 * len(NAMES) * 5
    assert stored_users() == everything()


def has_filled(position: float) -> bool:
    """Whether some partition is so far."""
    return max(shares(), default=0) >= position


def test_what_a_partition_cannot_take_holds_the_rebuild_until_it_is_mended():
    projection = Shared()
    for name in NAMES:
        record(created(name))
    catch_up(projection)
    begin(projection)
    projection.broken = {NAMES[0]}
    assert not go_on(projection)
    held = latest()
    (position,) = [one.position for one in read_log(0, 100).events if one.aggregate_id == NAMES[0]]
    assert (held.state, held.failed_position, held.attempts) == ("failed", position, 1)
    assert shares()[number_of(NAMES[0])] == position - 1
    assert fill(projection, limit=5) == Filled.NOTHING
    assert rebuild_status(held).partitions == 3
    projection.broken = set()
    ProjectionRebuild.objects.update(retry_at=timezone.now())
    assert go_on(projection)
    assert (latest().state, latest().error, latest().events) == ("swapped", "", len(NAMES))
    assert stored_users() == everything()


def test_what_is_parked_goes_with_the_tables():
    projection = Shared(on_error=OnError.PARK)
    for name in NAMES:
        record(created(name))
    catch_up(projection)
    begin(projection)
    projection.broken = {NAMES[0]}
    assert go_on(projection)
    assert ParkedAggregate.objects.get().place == "serving"
    assert set(stored_users()) == {*NAMES} - {NAMES[0]}
    assert verify(projection) is None


def test_a_cancelled_rebuild_leaves_no_partitions_and_the_next_begins_anew():
    projection = Shared()
    for name in NAMES:
        record(created(name))
    begin(projection)
    fill(projection, limit=2)
    do("cancel", projection)
    assert shares() == []
    begin(projection)
    assert go_on(projection)
    assert stored_users() == everything()


def test_beat_asks_as_many_to_join_as_can_fill_at_once(monkeypatch):
    asked: list[str] = []
    projection = Shared(3)
    monkeypatch.setattr(tasks, "registered_projections", lambda: [projection])
    monkeypatch.setattr(tasks.fill, "apply_async", lambda args, **_: asked.extend(args))
    record(created("ann"))
    begin(projection)
    assert tasks.rebuild() == 1
    assert asked == ["users", "users"]
    assert stored_users() == everything()
