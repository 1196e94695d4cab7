"""Own events: a transaction reads the log with what it has itself appended, and nobody misses anything by that (I4)."""

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.api import (
    Expected,
    append_events,
    get_events,
    last_position,
    read_log,
    replay,
    safe_position,
)
from events.store.positions import readable_position
from events.transfer.exporter import export_lines
from tests.support.database import rows, scalar
from tests.support.events import new_event, new_stream
from tests.support.followers import Reader, Writer, follow_naively, follow_safely


class Own:
    """A follower that appends as well, and keeps what it has seen, with its position, where its events go."""

    def __init__(self, read: Reader) -> None:
        self.stream = new_stream()
        self._read = read
        self._start = last_position()
        self._open: transaction.Atomic | None = None
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS seen (position bigint)")
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS follower (position bigint)")
            cursor.execute("TRUNCATE seen, follower")
            cursor.execute("INSERT INTO follower VALUES (%s)", [self._start])

    def begin(self) -> None:
        if self._open is None:
            self._open = transaction.atomic()
            self._open.__enter__()

    def append(self) -> None:
        append_events(self.stream, Expected.ANY, [new_event()])

    def poll(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            events, position = self._read(scalar("SELECT position FROM follower"))
            cursor.executemany("INSERT INTO seen VALUES (%s)", [(event.position,) for event in events])
            cursor.execute("UPDATE follower SET position = %s", [position])

    def commit(self) -> None:
        self._end(None)

    def roll_back(self) -> None:
        self._end(ZeroDivisionError())

    def _end(self, error: BaseException | None) -> None:
        if self._open is not None:
            self._open.__exit__(type(error) if error else None, error, None)
            self._open = None

    @property
    def seen(self) -> list[int]:
        return [position for (position,) in rows("SELECT position FROM seen ORDER BY ctid")]

    @property
    def committed(self) -> list[int]:
        found = rows("SELECT position FROM domain_events WHERE position > %s ORDER BY position", self._start)
        return [position for (position,) in found]


Schedule = list[tuple[int, str]]
OWN, OTHER = ("begin", "append", "poll", "poll", "commit", "roll_back"), ("append", "append", "commit", "roll_back")
# 0 and 1 are other clients, 3 is the follower.
STEPS = st.one_of(
    st.tuples(st.just(3), st.sampled_from(OWN)),
    st.tuples(st.integers(0, 1), st.sampled_from(OTHER)),
)


def run(schedule: Schedule, writers: list[Writer], read: Reader) -> Own:
    """Do the steps, let everybody commit, and look once more."""
    own = Own(read)
    clients = (*writers, own)
    try:
        for number, step in schedule:
            getattr(clients[number], step)()
        for writer in writers:
            writer.commit()
    finally:
        own.commit()
    own.poll()
    return own


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_follower_that_appends_sees_every_committed_event_once_and_in_order(
    writers: list[Writer], schedule: Schedule
) -> None:
    own = run(schedule, writers, follow_safely)

    assert own.seen == own.committed
    assert scalar("SELECT position FROM follower") == last_position()


@pytest.mark.parametrize(("read", "misses"), [(follow_safely, False), (follow_naively, True)])
def test_an_open_append_below_its_own_is_missed_by_the_naive_reader_only(
    writers: list[Writer], read: Reader, misses: bool
) -> None:
    late_other = [(0, "append"), (3, "begin"), (3, "append"), (3, "poll"), (3, "commit"), (0, "commit")]
    own = run(late_other, writers, read)

    assert own.committed == [1, 2]
    assert own.seen == ([2] if misses else [1, 2])


@pytest.mark.django_db
class TestInATransactionThatIsRolledBackLikeATestsOwn:
    def test_the_log_has_what_the_transaction_has_appended(self) -> None:
        start, stream = last_position(), new_stream()
        append_events(stream, Expected.NO_STREAM, [new_event("one"), new_event("two")])
        first = read_log(start, 1)
        second = read_log(first.position, 10)
        assert [*first.events, *second.events] == get_events(stream)
        assert second.position == second.safe_position == last_position()
        append_events(stream, 2, [new_event("three")])
        assert [event.version for event in read_log(second.position, 10).events] == [3]

    def test_what_was_rolled_back_to_a_savepoint_is_gone(self) -> None:
        start, stream = last_position(), new_stream()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            append_events(stream, Expected.ANY, [new_event()])
            assert len(read_log(start, 10).events) == 1
            raise ZeroDivisionError
        assert read_log(start, 10).events == []

    def test_an_export_has_it_too(self) -> None:
        start = last_position()
        append_events(new_stream(), Expected.ANY, [new_event()])
        assert [position for position, _ in export_lines(start)] == [last_position()]


@pytest.mark.usefixtures("committed_db")
class TestOthers:
    def test_do_not_read_beyond_an_open_append_of_somebody_else(self, writers: list[Writer]) -> None:
        with transaction.atomic():
            append_events(new_stream(), Expected.ANY, [new_event()])
            writers[0].append()
            writers[0].commit()
            assert writers[0].connection.execute("SELECT safe_position(), safe_position(true)").fetchall() == [(0, 0)]
            assert [event.position for event in read_log(0, 10).events] == [1, 2]

    def test_are_given_a_position_below_it_to_begin_with(self) -> None:
        # A position that was read by one session and used by another before the commit would skip the events between.
        with transaction.atomic():
            append_events(new_stream(), Expected.ANY, [new_event()])
            given_away, own = safe_position(), readable_position()
        assert (given_away, own) == (0, 1)
        assert len(read_log(given_away, 10).events) == 1
        assert read_log(own, 10).events == []

    def test_that_read_for_a_replay_do_not_see_it_and_do_not_go_past_it(self) -> None:
        with transaction.atomic():
            append_events(new_stream(), Expected.ANY, [new_event()])
            replayed = replay({"content.post.created": lambda _: None})
        assert (replayed.events, replayed.position) == (0, 0)
        assert replay({"content.post.created": lambda _: None}, after=replayed.position).events == 1
