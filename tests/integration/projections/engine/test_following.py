"""An inline projection has its rows in the transaction that appends, and equals the fold whatever else comes."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction

from events.api import BatchWriter, NewEvent, StreamId, append_events, append_only, read_log
from events.envelope import RecordedEvent, StreamWrite
from events.exceptions import AppendRefused, VersionConflict
from kit.actions import NoArguments
from nova.services.identity.models import User
from nova.services.social.events import PostLiked
from projections.definition.policy import Mode, OnError, Policy
from projections.engine import checkpoints
from projections.engine.engine import Outcome, run_pass
from projections.engine.inline import inline
from projections.exceptions import InlineFailed
from projections.models import AheadEvent, ProjectionCheckpoint
from projections.operating.actions import operate
from projections.operating.engine_verbs import OfAggregate, ToPosition
from projections.operating.reading import projection_status
from projections.verification.verify import verify
from tests.support.callers import client_with
from tests.support.projections import catch_up, created, deleted, fold_users, profile, record, stored_users
from tests.support.rebuilds import Effects, begin, go_on, latest
from tests.support.store import appending

pytestmark = pytest.mark.usefixtures("no_schemas_left")

WRITERS = 3


class Inline(Effects):
    """Keeps users by their own streams, and cannot take whom it is told of."""

    per_aggregate = True

    def __init__(self, *, mode: Mode = Mode.INLINE) -> None:
        super().__init__()
        self.policy = Policy(mode=mode, on_error=OnError.PARK, retries=0)  # type: ignore[misc]
        self.broken: set[str] = set()

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        if failing := self.broken.intersection(map(self.key_of, events)):
            raise ValueError(f"cannot take {min(failing)}")
        super().apply_batch(events)


@pytest.fixture
def projection() -> Iterator[Inline]:
    """One that has caught up, and that appends follow."""
    found = Inline()
    with appending(inline(append_only, [found])):
        run_pass(found)
        yield found


def names() -> dict[str, str]:
    return dict(User.objects.values_list("pk", "display_name"))


def elsewhere(act: Callable[[], Any]) -> None:
    """Act in a process that does not know that anything is inline."""
    with appending(append_only):
        act()


def in_thread(act: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def everything() -> dict[str, dict[str, Any]]:
    return fold_users(read_log(0, 10_000, Inline.event_types).events)


def status_of(projection: Inline) -> Any:
    return projection_status(projection, ProjectionCheckpoint.objects.get(name="users"))


def test_rows_are_there_within_the_transaction_and_after_it_and_the_engine_applies_none_again(projection):
    with transaction.atomic():
        record(created("ann"))
        record(profile("ann"))
        assert names() == {"ann": "Ann"}
    assert names() == {"ann": "Ann"}
    record(created("bob"))
    assert (set(names()), len(projection.fired)) == ({"ann", "bob"}, 3)
    status = status_of(projection)
    assert (status.mode, status.position, status.lag.events, status.lag.seconds) == ("inline", 0, 0, 0.0)
    assert verify(projection) is None
    result = run_pass(projection)
    assert (result.outcome, result.applied, len(projection.fired)) == (Outcome.ADVANCED, 0, 3)
    assert not AheadEvent.objects.exists()
    assert verify(projection) is None


def test_an_append_that_is_rolled_back_takes_its_rows_along(projection):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(created("ann"))
        raise ZeroDivisionError
    assert (names(), AheadEvent.objects.count()) == ({}, 0)
    record(created("ann"))
    assert verify(projection) is None


def test_what_it_cannot_take_is_not_appended_and_an_open_transaction_goes_on(projection):
    projection.broken = {"bob"}
    with pytest.raises(InlineFailed, match="nothing was appended: the projection users cannot take it") as refused:
        record(created("bob"))
    assert isinstance(refused.value.__cause__, ValueError)
    with transaction.atomic():
        record(created("ann"))
        with pytest.raises(AppendRefused):
            record(created("bob"))
    assert [event.aggregate_id for event in read_log(0, 10).events] == ["ann"]
    assert set(names()) == {"ann"}
    # While it is paused, its events wait for it
    checkpoints.pause(projection)
    record(created("bob"))
    projection.broken = set()
    checkpoints.resume(projection)
    record(profile("bob", display_name="Bob, after"))
    assert set(names()) == {"ann"}
    run_pass(projection)
    assert names()["bob"] == "Bob, after"
    assert verify(projection) is None


def test_what_it_cannot_take_is_a_problem_that_names_it_over_http(projection, redis_url):
    projection.broken = {"bob"}
    body = [
        {
            "event_type": "identity.user.created",
            "payload": {
                "user_id": "bob",
                "username": "b",
                "email": "b@example.org",
                "created_at": "2025-01-15T10:00:00Z",
            },
        }
    ]
    api = client_with("events:append")
    answer = api.post("/api/v1/streams/user/bob/events", body, format="json")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nova:problem:append-refused")
    assert answer.json()["follower"] == "the projection users"
    assert "cannot take bob" not in str(answer.json())
    projection.broken = set()
    assert api.post("/api/v1/streams/user/bob/events", body, format="json").status_code == 201
    assert set(names()) == {"bob"}


def test_of_a_batch_only_who_is_refused_hears_of_it(projection):
    projection.broken = {"bob"}
    with BatchWriter(max_events=3, max_delay=30) as writer:
        ann, bob, cem = (
            writer.submit([StreamWrite(stream=StreamId("user", name), events=[NewEvent(payload=created(name))])])
            for name in ("ann", "bob", "cem")
        )
        assert [ann.result()[0].version, cem.result()[0].version] == [1, 1]
        with pytest.raises(InlineFailed):
            bob.result()
    assert set(names()) == {"ann", "cem"}


def test_racing_writers_of_one_stream_leave_the_fold(projection):
    won: list[int] = []
    start = threading.Barrier(4)

    def write(number: int) -> None:
        start.wait()
        for _ in range(15):
            record(profile("ann", display_name=f"by {number}"))
        for version in range(61, 66):
            try:
                payload = profile("ann", display_name=f"{version} by {number}")
                append_events(StreamId("user", "ann"), version - 1, [NewEvent(payload=payload)])
                won.append(version)
            except VersionConflict:
                pass

    for thread in [in_thread(partial(write, number)) for number in range(4)]:
        thread.join(60)
    assert len(won) == len(set(won))
    assert stored_users() == everything()
    assert verify(projection) is None


def test_what_came_without_it_is_applied_by_the_engine_and_later_events_of_that_aggregate_wait(projection):
    record(created("ann"))
    record(created("bob"))
    elsewhere(lambda: record(profile("ann", display_name="first")))
    # The tables lack an event of hers, and nothing of his
    record(profile("ann", display_name="second"))
    record(profile("bob", display_name="his"))
    assert names() == {"ann": "", "bob": "his"}
    assert status_of(projection).lag.events == 2
    assert verify(projection) is None
    run_pass(projection)
    assert names() == {"ann": "second", "bob": "his"}
    record(profile("ann", display_name="third"))
    assert names()["ann"] == "third"
    assert verify(projection) is None


@contextmanager
def writers(write: Callable[[int], None]) -> Iterator[None]:
    """Some who write again and again, each the next number of its own. Raises what they have raised."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def run(writer: int) -> None:
        try:
            for number in count(writer, WRITERS):
                if stop.is_set():
                    return
                write(number)
        except BaseException as error:
            errors.append(error)

    threads = [in_thread(partial(run, writer)) for writer in range(WRITERS)]
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert errors == []


def rename(number: int) -> None:
    """One event of one of some users."""
    record(profile(f"user-{number % WRITERS}", display_name=f"{number}"))


def test_it_becomes_inline_and_ceases_to_be_under_load_and_nothing_is_lost_or_doubled():
    projections = {mode: Inline(mode=mode) for mode in Mode}
    modes = []
    with writers(rename):
        for mode in [Mode.INLINE, Mode.ASYNCHRONOUS] * 2:
            # Appends of before go on as they were
            with appending(inline(append_only, [projections[mode]])):
                passes = 0
                while passes < 20 or is_inline() != (mode is Mode.INLINE):
                    # As much as keeps up with the writers, and no more than it takes.
                    run_pass(projections[mode], limit=30)
                    passes += 1
                    assert passes < 2_000
            modes.append(is_inline())
    catch_up(projections[Mode.ASYNCHRONOUS])
    events = read_log(0, 100_000).events
    applied = [position for projection in projections.values() for position in projection.fired]
    assert sorted(applied) == [event.position for event in events]
    assert stored_users() == fold_users(events)
    assert modes == [True, False] * 2


def is_inline() -> bool:
    return ProjectionCheckpoint.objects.get().is_inline


def test_a_rebuild_takes_over_under_load_and_is_taken_back(projection):
    def rename_and_look(number: int) -> None:
        rename(number)
        assert User.objects.get(pk=f"user-{number % WRITERS}").display_name == f"{number}"

    # Given writers who find each row at once, before, during and after each swap
    with writers(rename_and_look):
        for _ in range(2):
            begin(projection)
            while latest().state != "swapped":
                go_on(projection)
                run_pass(projection)
    # Then nothing was lost or doubled, in the tables and beside them
    assert verify(projection) is None
    positions = [event.position for event in read_log(0, 100_000).events]
    assert sorted(projection.fired) == positions
    # Nor when the previous tables serve again
    operate("rollback", projection, NoArguments(), actor="operator", reason="a try")
    catch_up(projection)
    assert stored_users() == everything()
    assert sorted(projection.fired) == positions


def test_a_swap_takes_along_what_stands_beyond_what_can_be_read(projection):
    # Given an append of somebody else that is open, so that the log cannot be read beyond it
    record(created("ann"))
    begin(projection, swap=True)
    opened, release = threading.Event(), threading.Event()

    def append_slowly() -> None:
        with transaction.atomic():
            append_events(StreamId("post", "p"), -1, [NewEvent(payload=PostLiked(post_id="p", user_id="ann"))])
            opened.set()
            release.wait(30)

    thread = in_thread(append_slowly)
    opened.wait(30)
    record(created("bob"))
    # When a rebuild takes over meanwhile
    assert go_on(projection)
    # Then his row is in the new tables, whose rebuild has not come so far
    assert set(names()) == {"ann", "bob"}
    assert [event.place for event in AheadEvent.objects.all()].count("serving") == 1
    release.set()
    thread.join(30)
    catch_up(projection)
    assert stored_users() == everything()
    assert verify(projection) is None


def test_a_parked_aggregate_stays_parked_and_is_released_in_order(projection):
    projection.broken = {"bob"}
    elsewhere(lambda: record(created("bob")))
    run_pass(projection)
    projection.broken = set()
    record(profile("bob", display_name="waits"))
    record(created("ann"))
    assert set(names()) == {"ann"}
    catch_up(projection)
    operate(
        "release",
        projection,
        OfAggregate(aggregate_type="user", aggregate_id="bob"),
        actor="operator",
        reason="a try",
    )
    assert names()["bob"] == "waits"
    record(deleted("bob"))
    assert User.objects.get(pk="bob").status == "deleted"
    assert verify(projection) is None


def test_a_checkpoint_that_is_moved_back_meets_what_was_ahead_again(projection):
    record(created("ann"))
    record(profile("ann", display_name="late"))
    operate("reset", projection, ToPosition(position=0), actor="operator", reason="a try")
    assert not AheadEvent.objects.exists()
    User.objects.all().delete()
    assert run_pass(projection).applied == 2
    assert names() == {"ann": "late"}


def test_nothing_is_followed_where_no_projection_is_inline():
    assert inline(append_only, [Inline(mode=Mode.ASYNCHRONOUS)]) is append_only
