"""A log that was dumped and restored into a new cluster goes on: followers and relay skip and repeat nothing (I4)."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.api import (
    Expected,
    RecordedEvent,
    SequenceBehind,
    StreamId,
    append_events,
    last_position,
    read_log,
    set_on_append,
)
from events.store.hooks import on_append
from nova.local.servers.embedded import postgres_server
from outbox.api import MemoryBus, record
from outbox.conf import outbox_conf
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from outbox.relay.relay import relay_connection, relay_pass
from outbox.relay.topic_policies import TopicPolicies
from tests.support.events import new_event, new_stream
from tests.support.outbox import url_of_test_database
from tests.support.restores import dump, moved_to, restore

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


def move(source: str, target: str, file: Path, *, sequences: bool = True) -> None:
    dump(source, file)
    restore(file, target, sequences=sequences)


def relay(bus: MemoryBus, *, limit: int) -> int:
    """One pass of a relay that has just come; how many rows it has published."""
    with relay_connection() as connection:
        return relay_pass(
            connection, bus, shards=range(SHARDS), limit=limit, policies=TopicPolicies.of_settings(outbox_conf())
        ).published


def follow(position: int, *, pages: int = 10) -> tuple[list[RecordedEvent], int]:
    """What a follower finds after a position, and where it stands then."""
    events: list[RecordedEvent] = []
    for _ in range(pages):
        page = read_log(position, 17)
        events += page.events
        position = page.position
    return events, position


def versions(events: list[RecordedEvent]) -> dict[StreamId, list[int]]:
    """The versions of each stream in the order of the log."""
    found: dict[StreamId, list[int]] = {}
    for event in events:
        found.setdefault(event.stream, []).append(event.version)
    return found


def test_followers_and_relay_go_on_where_they_were(new_cluster: str, tmp_path: Path) -> None:
    streams, bus = [new_stream() for _ in range(5)], MemoryBus()
    for number in range(20):
        append_events(streams[number % 5], Expected.ANY, [new_event(str(number)), new_event()])
    with connection.cursor() as cursor:
        # Positions that were drawn in vain: the sequence is beyond the last event.
        cursor.execute("SELECT nextval('domain_events_position_seq') FROM generate_series(1, 7)")
    seen, position = follow(0, pages=1)
    assert relay(bus, limit=10) == 10
    drawn = last_position()
    move(url_of_test_database(), new_cluster, tmp_path / "dump")

    with moved_to(new_cluster):
        assert last_position() == drawn
        append_events(streams[0], 8, [new_event("after")])
        after, _ = follow(position)
        assert after[-1].position > drawn
        assert after[-1].version == 9
        seen += after
        assert len({event.event_id for event in seen}) == len(seen) == 41
        assert OutboxEvent.objects.filter(published=False).count() == 31
        assert [relay(bus, limit=20), relay(bus, limit=20), relay(bus, limit=20)] == [20, 11, 0]

    in_log, published = versions(seen), [dict(message.headers) for message in bus.published]
    assert len(published) == 41
    assert {UUID(headers["event_id"].decode()) for headers in published} == {event.event_id for event in seen}
    for stream in streams:
        own = [
            int(headers["version"]) for headers in published if headers["aggregate_id"] == stream.aggregate_id.encode()
        ]
        assert own == in_log[stream] == list(range(1, len(own) + 1))


def test_without_its_sequences_a_log_goes_on_once_they_are_repaired(new_cluster: str, tmp_path: Path) -> None:
    stream, bus = new_stream(), MemoryBus()
    for number in range(20):
        append_events(stream, number, [new_event(str(number))])
    seen, position = follow(0)
    move(url_of_test_database(), new_cluster, tmp_path / "dump", sequences=False)

    with moved_to(new_cluster):
        with pytest.raises(SequenceBehind):
            append_events(stream, 20, [new_event("too early")])
        with pytest.raises(SequenceBehind):
            follow(position)
        with pytest.raises(CommandError, match="repair_sequences"):
            call_command("migrate", skip_checks=False)
        call_command("repair_sequences")
        call_command("migrate", skip_checks=False)
        append_events(stream, 20, [new_event("after")])
        seen += follow(position)[0]
        assert relay(bus, limit=100) == 21

    assert versions(seen) == {stream: list(range(1, 22))}
    assert [dict(message.headers)["version"] for message in bus.published] == [b"%d" % n for n in range(1, 22)]
