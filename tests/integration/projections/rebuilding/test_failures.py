"""What a rebuild cannot take is waited for, parked or skipped by the policy, and belongs to its tables alone."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from events.api import StreamId, get_events, read_log
from events.envelope import RecordedEvent
from kit.actions import NoArguments
from nova.services.identity.models import User, UserAccount
from projections.definition.policy import OnError, Policy
from projections.engine.engine import run_pass
from projections.management.commands.projections import in_words
from projections.models import ParkedAggregate, ProjectionCheckpoint, ProjectionRebuild, SkippedEvent
from projections.operating.actions import operate
from projections.operating.engine_verbs import OfAggregate, OfEvent, ToPosition
from projections.operating.reading import projection_detail
from projections.rebuilding import tables
from projections.rebuilding.filling import Filled, fill
from projections.rebuilding.records import rebuild_status
from projections.verification.verify import verify
from tests.support.projections import catch_up, created, profile, record
from tests.support.rebuilds import Effects, begin, go_on, latest

pytestmark = pytest.mark.usefixtures("no_schemas_left")


class Picky(Effects):
    """Cannot take the users that it is told of."""

    def __init__(self, on_error: OnError, *, version: int = 1, **policy: Any) -> None:
        super().__init__()
        self.version = version  # type: ignore[misc]
        self.policy = Policy(on_error=on_error, **{"retries": 0} | policy)  # type: ignore[misc]
        self.broken: set[str] = set()

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        if failing := self.broken.intersection(map(self.key_of, events)):
            raise ValueError(f"cannot take {min(failing)}")
        super().apply_batch(events)


def do(verb: str, projection: Picky, arguments: Any = None) -> None:
    operate(verb, projection, arguments or NoArguments(), actor="operator", reason="a try")


def release(projection: Picky, user_id: str) -> None:
    do("release", projection, OfAggregate(aggregate_type="user", aggregate_id=user_id))


def users() -> set[str]:
    return set(User.objects.values_list("pk", flat=True))


def parked() -> list[tuple[str, str]]:
    return list(ParkedAggregate.objects.order_by("place").values_list("place", "aggregate_id"))


def counted() -> int:
    """Aggregates parked in the tables that serve, as the checkpoint says."""
    return ProjectionCheckpoint.objects.get().parked


def positions(*user_ids: str) -> list[int]:
    return [event.position for event in read_log(0, 100).events if event.aggregate_id in user_ids]


def test_what_a_rebuild_parks_is_missing_in_its_tables_alone_and_is_released_after_the_swap():
    # Given users in the tables that serve, of whom the rebuild cannot take one
    projection = Picky(OnError.PARK)
    record(created("ann"))
    record(created("bob"))
    catch_up(projection)
    begin(projection, swap=False)
    projection.broken = {"bob"}
    while fill(projection, limit=1) == Filled.MORE:
        pass
    # Then it has caught up without that one, and what serves knows of nothing
    assert (latest().state, latest().parked, latest().skipped) == ("caught_up", 1, 0)
    assert (parked(), counted(), users()) == ([("rebuild", "bob")], 0, {"ann", "bob"})
    # And later events go into the tables that serve, and past those of the rebuild
    projection.broken = set()
    record(profile("bob"))
    record(created("cem"))
    catch_up(projection)
    assert fill(projection, limit=10) == Filled.CAUGHT_UP
    assert verify(projection) is None
    # When its tables take over, he is parked there, and a release gives him all of his events and their effects
    projection.fired = []
    do("swap", projection)
    assert go_on(projection)
    assert (parked(), counted(), users()) == ([("serving", "bob")], 1, {"ann", "cem"})
    assert projection.fired == []
    assert verify(projection) is None
    release(projection, "bob")
    assert (parked(), counted(), users()) == ([], 0, {"ann", "bob", "cem"})
    assert projection.fired == positions("bob")
    assert verify(projection) is None


def test_what_serves_without_an_aggregate_takes_that_along_and_back():
    projection = Picky(OnError.PARK)
    projection.broken = {"bob"}
    record(created("ann"))
    record(created("bob"))
    catch_up(projection)
    assert (parked(), counted()) == ([("serving", "bob")], 1)
    projection.broken = set()
    begin(projection)
    assert go_on(projection)
    assert (parked(), counted(), users()) == ([("previous", "bob")], 0, {"ann", "bob"})
    assert verify(projection) is None
    # What is parked in new tables has no meaning for the previous ones
    projection.broken = {"cem"}
    record(created("cem"))
    record(profile("bob"))
    catch_up(projection)
    assert (parked(), counted()) == ([("previous", "bob"), ("serving", "cem")], 1)
    projection.broken = set()
    do("rollback", projection)
    assert (parked(), counted()) == ([("serving", "bob")], 1)
    catch_up(projection)
    assert users() == {"ann", "cem"}
    assert verify(projection) is None
    release(projection, "bob")
    assert users() == {"ann", "bob", "cem"}
    assert verify(projection) is None


def test_what_no_tables_are_without_any_more_is_forgotten():
    projection = Picky(OnError.SKIP)
    projection.broken = {"ann"}
    record(created("ann"))
    catch_up(projection)
    begin(projection, swap=False)
    go_on(projection)
    assert skipped() == ["rebuild", "serving"]
    do("cancel", projection)
    assert skipped() == ["serving"]
    for _ in range(2):
        begin(projection)
        assert go_on(projection)
    assert skipped() == ["previous", "serving"]
    do("drop", projection)
    assert skipped() == ["serving"]


def skipped() -> list[str]:
    return list(SkippedEvent.objects.order_by("place").values_list("place", flat=True))


def test_an_event_is_tried_again_before_it_is_left_behind():
    projection = Picky(OnError.PARK, retries=1)
    projection.broken = {"bob"}
    for name in ("ann", "bob", "cem"):
        record(created(name))
    begin(projection)
    assert not go_on(projection)
    held = latest()
    assert (held.state, held.attempts, held.failed_position) == ("failed", 1, positions("bob")[0])
    assert not ParkedAggregate.objects.exists()
    ProjectionRebuild.objects.update(retry_at=timezone.now())
    assert go_on(projection)
    assert ParkedAggregate.objects.get().attempts == 2
    assert (latest().failed_position, latest().attempts, users()) == (None, 0, {"ann", "cem"})


def test_beyond_the_bound_of_parked_aggregates_a_rebuild_waits():
    projection = Picky(OnError.PARK, max_parked=1)
    projection.broken = {"ann", "bob"}
    for name in ("ann", "bob"):
        record(created(name))
    begin(projection)
    assert not go_on(projection)
    assert (latest().state, latest().parked, parked()) == ("failed", 1, [("rebuild", "ann")])


def test_what_an_operator_has_skipped_once_is_skipped_by_a_rebuild_that_fails_at_it():
    projection = Picky(OnError.PAUSE)
    projection.broken = {"ann", "bob"}
    for name in ("ann", "bob"):
        record(created(name))
    run_pass(projection)
    (event,) = get_events(StreamId("user", "ann"))
    do("skip", projection, OfEvent(event_id=event.event_id))
    begin(projection)
    # The other one is for nobody else to decide
    assert not go_on(projection)
    assert (latest().state, latest().skipped, latest().failed_position) == ("failed", 1, positions("bob")[0])
    kept = SkippedEvent.objects.get(place="rebuild")
    assert (kept.event_id, kept.actor, kept.reason) == (event.event_id, "operator", "a try")


def test_code_that_writes_elsewhere_is_no_reason_to_skip_its_events():
    class Straying(Picky):
        def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
            super().apply_batch(events)
            UserAccount.objects.all().delete()

    UserAccount.objects.create(user_id="bob", address="bob@example.org")
    record(created("ann"))
    projection = Straying(OnError.SKIP)
    begin(projection)
    assert not go_on(projection)
    assert "writes to public.user_accounts" in latest().error
    assert not SkippedEvent.objects.exists()


def test_effects_that_a_swap_makes_up_for_are_those_of_what_its_tables_have():
    # Given tables of an older version, which have stood still
    older, newer = Picky(OnError.PARK), Picky(OnError.PARK, version=2)
    record(created("ann"))
    catch_up(older)
    for name in ("bob", "cem"):
        record(created(name))
    # When those of the newer one take over, without one user
    newer.broken = {"bob"}
    begin(newer)
    assert go_on(newer)
    # Then he has no effects before he is released
    assert newer.fired == positions("cem")
    newer.broken = set()
    release(newer, "bob")
    assert newer.fired == positions("cem") + positions("bob")


def test_a_checkpoint_moved_back_meets_again_what_the_serving_tables_are_without_and_no_others():
    projection = Picky(OnError.PARK)
    projection.broken = {"ann"}
    record(created("ann"))
    catch_up(projection)
    begin(projection, swap=False)
    go_on(projection)
    do("reset", projection, ToPosition(position=0))
    assert (parked(), counted(), latest().parked) == ([("rebuild", "ann")], 0, 1)


def test_a_page_whose_late_indexes_fail_is_not_applied_twice(monkeypatch):
    def fail(*_: Any) -> None:
        raise ValueError("no room for an index")

    projection = Picky(OnError.SKIP)
    for name in ("ann", "bob"):
        record(created(name))
    begin(projection)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "finish_shadow", fail)
        assert not go_on(projection)
    held = latest()
    assert (held.state, held.events, held.position) == ("failed", 2, positions("bob")[0])
    assert "no room for an index" in held.error
    ProjectionRebuild.objects.update(retry_at=timezone.now())
    assert go_on(projection)
    assert (latest().events, users()) == (2, {"ann", "bob"})


def test_operators_see_which_tables_are_without_what():
    projection = Picky(OnError.PARK)
    projection.broken = {"bob"}
    record(created("ann"))
    record(created("bob"))
    catch_up(projection)
    projection.broken = {"ann"}
    begin(projection, swap=False)
    go_on(projection)
    detail = projection_detail(projection)
    assert [(one.place, one.aggregate_id) for one in detail.parked_aggregates] == [
        ("serving", "bob"),
        ("rebuild", "ann"),
    ]
    assert detail.rebuild is not None
    assert (detail.parked, detail.rebuild.parked, detail.rebuild.skipped) == (1, 1, 0)
    assert in_words(detail.rebuild).endswith("events/s, without 1 parked and 0 skipped")
    do("swap", projection)
    go_on(projection)
    assert in_words(rebuild_status(latest())) == "swapped, without 1 parked and 0 skipped"
