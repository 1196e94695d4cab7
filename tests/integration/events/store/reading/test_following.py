"""Following the log: every committed event once, each stream in order, whatever transactions run beside."""

import random
import threading
from contextlib import nullcontext

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.api import (
    Expected,
    NewEvent,
    Untyped,
    append_events,
    last_position,
    open_appends,
    read_log,
    safe_position,
)
from tests.support.database import rows, without_append_guard
from tests.support.events import new_event, new_stream
from tests.support.followers import Reader, Writer, follow_naively, follow_safely

STEPS = (
    "append",
    "append",
    "append",
    "set_savepoint",
    "roll_back_to_savepoint",
    "commit",
    "commit",
    "roll_back",
    "die",
)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from((*STEPS, "poll", "poll"))), max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_follower_sees_every_committed_event_once_and_in_order(
    writers: list[Writer], schedule: list[tuple[int, str]]
) -> None:
    cursor, seen = last_position(), []
    start = cursor
    for number, step in schedule:
        if step == "poll":
            events, cursor = follow_safely(cursor)
            seen += events
        else:
            getattr(writers[number], step)()
    for writer in writers:
        writer.commit()
    events, cursor = follow_safely(cursor)
    seen += events

    committed = [
        position
        for (position,) in rows("SELECT position FROM domain_events WHERE position > %s ORDER BY position", start)
    ]
    assert sorted(event.position for event in seen) == committed
    assert len({event.position for event in seen}) == len(seen)
    for writer in writers:
        versions = [event.version for event in seen if event.stream == writer.stream]
        assert versions == sorted(versions)
    assert cursor == last_position()


@pytest.mark.parametrize(("follow", "misses"), [(follow_safely, False), (follow_naively, True)])
def test_an_append_that_commits_late_is_missed_by_the_naive_reader_only(
    writers: list[Writer],
    follow: Reader,
    misses: bool,
) -> None:
    early, late, _ = writers
    late.append()
    early.append()
    early.commit()
    seen, cursor = follow(0)
    late.commit()
    more, _ = follow(cursor)

    positions = [event.position for event in (*seen, *more)]
    assert (1 not in positions) is misses


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_guard_even_the_safe_reader_would_miss_it(writers: list[Writer], guarded: bool) -> None:
    early, late, _ = writers
    with nullcontext() if guarded else without_append_guard():
        late.append()
        early.append()
        early.commit()
        seen, cursor = follow_safely(0)
        late.commit()
        more, _ = follow_safely(cursor)
    assert len([*seen, *more]) == (2 if guarded else 1)


def test_a_savepoint_rollback_takes_the_guard_back_and_the_next_append_sets_it_again(writers: list[Writer]) -> None:
    late, early, _ = writers
    late.set_savepoint()
    late.append()
    late.roll_back_to_savepoint()
    assert open_appends() == []
    early.append()
    early.commit()
    late.append()
    (holder,) = open_appends()
    assert holder.pid == late.connection.info.backend_pid
    early.append()
    early.commit()
    assert safe_position() == 2
    late.commit()
    assert safe_position() == last_position() == 4


def test_an_open_transaction_that_appends_nothing_holds_nobody_back(writers: list[Writer]) -> None:
    idle, writer, _ = writers
    idle.connection.execute("CREATE TEMP TABLE scratch (n int); INSERT INTO scratch VALUES (1)")
    writer.append()
    writer.commit()
    assert safe_position() == last_position() == 1


def test_a_busy_log_is_followed_without_loss(committed_db: None) -> None:
    streams = [new_stream() for _ in range(6)]
    done = threading.Event()
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(60):
                try:
                    with transaction.atomic():
                        for _ in range(chance.randrange(1, 4)):
                            append_events(chance.choice(streams), Expected.ANY, [new_event()])
                            done.wait(chance.random() / 500)
                        if chance.random() < 0.2:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    pass
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    seen, cursor = [], 0
    while any(thread.is_alive() for thread in threads):
        events, cursor = follow_safely(cursor)
        seen += events
    for thread in threads:
        thread.join()
    seen += follow_safely(cursor)[0]

    assert [error for error in failures if "try again" not in str(error)] == []
    assert [e.position for e in seen] == [p for (p,) in rows("SELECT position FROM domain_events ORDER BY position")]
    for stream in streams:
        versions = [event.version for event in seen if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


def test_the_log_is_read_in_pages_and_by_type_of_event_and_stream(committed_db: None) -> None:
    start = last_position()
    stream, other = new_stream(), new_stream("tea")
    append_events(stream, 0, [new_event(str(n)) for n in range(5)])
    append_events(other, 0, [NewEvent(payload=Untyped("tea.brewed", {"cups": 2}))])

    seen, after = [], start
    while page := read_log(after, 2):
        seen += page.events
        if page.position == after:
            break
        after = page.position
    assert [(e.aggregate_type, e.version) for e in seen] == [("post", n) for n in range(1, 6)] + [("tea", 1)]

    only_tea = read_log(start, 100, ["tea.brewed"])
    assert [e.payload for e in only_tea.events] == [Untyped("tea.brewed", {"cups": 2})]
    assert read_log(start, 100, aggregate_type="tea").events == only_tea.events


def test_a_page_without_events_moves_the_follower_on(committed_db: None) -> None:
    start = last_position()
    append_events(new_stream(), 0, [new_event()])
    page = read_log(start, 100, ["never.happened"])
    assert page.events == []
    assert page.position == page.safe_position >= start
