"""A caller's stricter transaction: it appends and reads as it wishes, and passes no event unseen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from events.api import (
    Expected,
    StaleSnapshot,
    Unavailable,
    append_events,
    get_events,
    read_log,
    safe_position,
    stream_log,
)
from kit.outages import is_outage
from tests.support.events import new_event, new_stream
from tests.support.sessions import execute

pytestmark = pytest.mark.usefixtures("committed_db")

STRICTER = pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])


def begin(level: str) -> None:
    """Set the open transaction's level, and let its snapshot be taken."""
    execute(connection, f"SET TRANSACTION ISOLATION LEVEL {level}", "SELECT 1")


def append_beside(stream=None, *, expected=Expected.ANY):
    """Append in another thread's session, and commit."""

    def append():
        try:
            return append_events(stream or new_stream(), expected, [new_event()])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(append).result()


@STRICTER
def test_a_transaction_that_does_not_see_later_commits_cannot_follow_the_log(level: str) -> None:
    with transaction.atomic():
        begin(level)
        append_beside()
        with pytest.raises(StaleSnapshot, match=level):
            read_log(0, 10)
        with pytest.raises(StaleSnapshot):
            safe_position()

    assert len(read_log(0, 10).events) == 1


@STRICTER
def test_it_replays_the_log_which_other_sessions_read(level: str) -> None:
    with transaction.atomic():
        begin(level)
        appended = append_beside()

        assert [event.position for event in stream_log()] == list(appended.positions)


@STRICTER
def test_it_reads_streams_as_of_its_beginning_and_appends(level: str) -> None:
    stream = append_beside().stream
    with transaction.atomic():
        begin(level)
        append_beside(stream)

        assert [event.version for event in get_events(stream)] == [1]
        append_events(new_stream(), Expected.NO_STREAM, [new_event()])


@STRICTER
@pytest.mark.parametrize("number", [1, 2])
def test_a_lost_race_asks_it_to_try_again(level: str, number: int) -> None:
    stream = append_beside().stream
    with pytest.raises(Unavailable) as refused, transaction.atomic():
        begin(level)
        append_beside(stream)
        append_events(stream, 1, [new_event() for _ in range(number)])

    assert is_outage(refused.value)
    assert append_events(stream, 2, [new_event()]).version == 3


def test_a_standby_is_not_asked_how_far_the_log_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    append_beside()
    monkeypatch.setattr("kit.postgresql.sessions.is_on_standby", lambda _: True)

    with pytest.raises(Unavailable, match="standby"):
        read_log(0, 10)

    assert connection.connection is None
