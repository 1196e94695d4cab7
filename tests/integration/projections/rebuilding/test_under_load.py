"""Rebuild under load: a long log, appends and queries all the while, and fillers that are killed.

`NOVA_TEST_REBUILD_EVENTS` says how long the log is: 200 000 events unless it says otherwise.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection
from msgspec import Struct

from events.api import NewEvent, StreamId, append_events, read_log
from events.envelope import RecordedEvent
from nova.services.identity.models import User, UserAccount
from nova.services.identity.projections import PROJECTION
from projections.engine.engine import run_pass
from tests.support.outbox import eventually, url_of_test_database
from tests.support.platform import CHECKOUT
from tests.support.projections import catch_up, created, deleted, fold_users, profile, record, stored_users
from tests.support.rebuilds import begin, latest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_schemas_left")]

EVENTS = int(os.environ.get("NOVA_TEST_REBUILD_EVENTS", "200000"))
BATCH = 1_000
KILLS = (0.2, 0.4, 0.6)
FILL = """
import time, django
django.setup()
from projections.definition.registry import projection_named
from projections.rebuilding.worker import work
while not work(projection_named("users"), until=time.monotonic() + 1):
    time.sleep(0.05)
"""


def test_readers_and_appends_notice_nothing_and_killed_fillers_are_gone_on_from() -> None:
    # Given a long log that is in the tables, and deleted users who have accounts that no event has taken yet
    fill_log()
    catch_up(PROJECTION, limit=5_000)
    UserAccount.objects.create(user_id="user-0", address="again@example.org")
    begin(PROJECTION)

    # When it is rebuilt by processes that are killed, while events come and queries go on
    with going_on(append_and_project), going_on(count_users) as looks:
        for part in KILLS:
            with filler() as process:
                eventually(partial(has_reached, part * EVENTS), within=600)
                process.kill()
                process.wait()
            assert latest().state == "filling"
        reached = latest().position
        with filler():
            eventually(lambda: latest().state == "swapped", within=600)
        after = len(looks)
        eventually(lambda: len(looks) > after + 20)

    # Then it went on where it was, the tables are the fold of the whole log, and no effect has fired again
    done = latest()
    assert reached >= KILLS[-1] * EVENTS
    assert EVENTS <= done.events <= done.position
    catch_up(PROJECTION, limit=5_000)
    assert stored_users() == fold_users(list(whole_log()))
    assert UserAccount.objects.filter(user_id="user-0").exists()
    print(
        f"\n{done.events} events in {done.seconds:.1f} s: {done.events / done.seconds:.0f} a second; {len(looks)} looks"
    )


def fill_log() -> None:
    """Users who come, change and go, some thousand of one kind after the other."""
    for first in range(0, EVENTS, BATCH):
        half = [f"user-{number}" for number in range(first // 2, (first + BATCH) // 2)]
        payloads: list[Struct] = [created(user_id) for user_id in half]
        payloads += [deleted(user_id) if number == 0 else profile(user_id) for number, user_id in enumerate(half)]
        append_events(StreamId("user", f"batch-{first}"), -1, [NewEvent(payload=payload) for payload in payloads])


def has_reached(position: float) -> bool:
    """Whether the rebuild is so far."""
    return latest().position >= position


def append_and_project(looks: list[int]) -> None:
    """One event more, which the tables that serve take up."""
    number = len(looks)
    record(created(f"late-{number}"))
    run_pass(PROJECTION)
    looks.append(number)
    time.sleep(0.01)


def count_users(looks: list[int]) -> None:
    """One look at the table: nobody is missing whom an earlier look has found."""
    count = User.objects.count()
    assert count >= max(looks[-1:], default=EVENTS // 2)
    assert User.objects.get(pk="user-1").display_name == "User-1"
    looks.append(count)


@contextmanager
def going_on(work: Callable[[list[int]], None]) -> Iterator[list[int]]:
    """Work again and again in a thread; what it has noted. Raises what it has raised."""
    looks: list[int] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.is_set():
                work(looks)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield looks
    finally:
        stop.set()
        thread.join(60)
    if errors:
        raise errors[0]


@contextmanager
def filler() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that goes on with the rebuild until it has swapped."""
    more = {"DJANGO_SETTINGS_MODULE": "nova.settings.test", "DATABASE_URL": url_of_test_database()}
    process = subprocess.Popen([sys.executable, "-c", FILL], cwd=CHECKOUT, env=os.environ | more)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def whole_log() -> Iterator[RecordedEvent]:
    position = 0
    while (page := read_log(position, 10_000)).position > position:
        yield from page.events
        position = page.position
