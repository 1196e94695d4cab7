"""A column that is widened while sessions live: every way to read goes on, in transactions too."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from events.api import (
    Expected,
    StreamId,
    append_events,
    get_event,
    get_events,
    get_events_by_type,
    read_log,
)
from events.models import DomainEvent
from tests.support.events import new_event, new_stream
from tests.support.sessions import another_session, execute

pytestmark = pytest.mark.usefixtures("committed_db")

NAMES = {"event_type": "varchar(100)", "aggregate_type": "varchar(100)", "aggregate_id": "varchar(255)"}


def alter(kinds: dict[str, str]) -> None:
    changes = ", ".join(f'ALTER COLUMN {name} TYPE {kind} COLLATE "C"' for name, kind in kinds.items())
    with another_session() as migration:
        execute(migration, f"ALTER TABLE domain_events {changes}")


@pytest.fixture(params=["varchar(300)", "text"])
def widened(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """What the columns become; they are as before at the end."""
    yield dict.fromkeys(NAMES, request.param)
    connection.close()
    alter(NAMES)


def read_every_way(stream: StreamId) -> list[int]:
    """How many events each way to read finds."""
    (last, *_) = get_events_by_type("content.post.created", 1)
    return [
        len(get_events(stream)),
        len(read_log(0, 10).events),
        get_event(last.event_id).version,
        DomainEvent.objects.count() and len(DomainEvent.objects.all()),
    ]


def test_sessions_append_and_read_as_before(widened: dict[str, str]) -> None:
    stream = append_events(new_stream(), Expected.NO_STREAM, [new_event()]).stream
    assert read_every_way(stream) == [1, 1, 1, 1]
    alter(widened)

    append_events(stream, 1, [new_event()])
    append_events(stream, 2, [new_event(), new_event()])

    assert read_every_way(stream) == [4, 4, 4, 4]


def test_a_transaction_reads_streams_and_log_as_before(widened: dict[str, str]) -> None:
    stream = append_events(new_stream(), Expected.NO_STREAM, [new_event()]).stream
    assert (len(get_events(stream)), len(read_log(0, 10).events)) == (1, 1)
    alter(widened)

    with transaction.atomic():
        append_events(stream, 1, [new_event()])
        assert len(get_events(stream)) == 2
    assert len(read_log(0, 10).events) == 2
