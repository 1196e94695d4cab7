"""A failing event is waited for, parked with its aggregate, or skipped, as the projection's policy says."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from django.db.models import Model
from django.utils import timezone

from events.api import get_events
from events.envelope import RecordedEvent, StreamId
from kit.actions import NoArguments
from projections.definition.conflicts import unapplied
from projections.definition.policy import ConflictResolution, OnError, Policy
from projections.definition.projection import Projection
from projections.engine.engine import Outcome, run_pass
from projections.exceptions import VerbRefused
from projections.models import ParkedAggregate, ProjectionCheckpoint, SkippedEvent
from projections.operating.actions import operate
from projections.operating.engine_verbs import OfAggregate, OfEvent, ToPosition
from tests.support.projections import catch_up, created, record
from tests.support.rebuilds import begin, go_on

pytestmark = pytest.mark.usefixtures("no_schemas_left")


class Listing(Projection):
    """Lists the names that it is given, and fails at those that it is told to fail at."""

    name = "listing"
    event_types = frozenset({"identity.user.created"})
    models: ClassVar[tuple[type[Model], ...]] = ()

    def __init__(self, on_error: OnError, *, retries: int = 0, max_parked: int = 100) -> None:
        self.policy = Policy(on_error=on_error, retries=retries, max_parked=max_parked)  # type: ignore[misc]
        self.seen: list[str] = []
        self.broken: set[str] = set()

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        names = [event.payload.username for event in events]  # type: ignore[attr-defined]
        if failing := self.broken.intersection(names):
            raise ValueError(f"cannot take {min(failing)}")
        self.seen += names


def tell(*names: str) -> None:
    """An event for each, in the stream that the name begins with: a1 and a2 are of the aggregate a."""
    for name in names:
        record(created(name[0], username=name))


def position() -> int:
    return ProjectionCheckpoint.objects.get(name="listing").position


def release(projection: Listing, aggregate_id: str, *, leave_out: bool = False) -> str:
    arguments = OfAggregate(aggregate_type="user", aggregate_id=aggregate_id, leave_out=leave_out)
    return operate("release", projection, arguments, actor="op", reason="a try")


def test_an_aggregate_is_parked_and_all_others_go_on():
    # Given an event that cannot be applied, and others before, between and after
    projection = Listing(OnError.PARK)
    projection.broken = {"b1"}
    tell("a1", "b1", "c1", "b2", "a2")
    # When the engine passes
    catch_up(projection)
    # Then the aggregate waits from that event on, and nothing else does
    assert projection.seen == ["a1", "c1", "a2"]
    (parked,) = ParkedAggregate.objects.all()
    assert (parked.projection, parked.aggregate_type, parked.aggregate_id, parked.version) == (
        "listing",
        "user",
        "b",
        1,
    )
    assert (parked.error, parked.attempts) == ("ValueError: cannot take b1", 1)
    checkpoint = ProjectionCheckpoint.objects.get(name="listing")
    assert (checkpoint.status, checkpoint.parked, checkpoint.error) == ("running", 1, "")
    # And so do its events in later batches
    tell("b3", "d1")
    catch_up(projection)
    assert projection.seen == ["a1", "c1", "a2", "d1"]


def test_a_released_aggregate_has_its_events_in_order_and_live_ones_follow_without_a_gap():
    projection = Listing(OnError.PARK)
    projection.broken = {"b1"}
    tell("b1", "b2", "a1")
    catch_up(projection)
    # An event that stands beyond the checkpoint comes by itself
    tell("b3")
    projection.broken = set()
    assert release(projection, "b") == "listing has all events of user/b"
    assert projection.seen == ["a1", "b1", "b2"]
    assert (ParkedAggregate.objects.count(), ProjectionCheckpoint.objects.get(name="listing").parked) == (0, 0)
    catch_up(projection)
    tell("b4")
    catch_up(projection)
    assert projection.seen == ["a1", "b1", "b2", "b3", "b4"]


def test_a_release_that_fails_further_on_keeps_what_went_through_and_parks_there():
    projection = Listing(OnError.PARK)
    projection.broken = {"b1", "b3"}
    tell("b1", "b2", "b3", "b4")
    catch_up(projection)
    projection.broken = {"b3"}
    assert "keeps user/b parked" in release(projection, "b")
    assert projection.seen == ["b1", "b2"]
    parked = ParkedAggregate.objects.get()
    assert (parked.version, parked.attempts, parked.error) == (3, 1, "ValueError: cannot take b3")
    release(projection, "b")
    assert ParkedAggregate.objects.get().attempts == 2
    release(projection, "b", leave_out=True)
    assert projection.seen == ["b1", "b2", "b4"]
    skipped = SkippedEvent.objects.get()
    assert (skipped.event_id, skipped.actor, skipped.reason) == (parked.event_id, "op", "a try")


def test_what_is_not_parked_cannot_be_released():
    with pytest.raises(VerbRefused, match="has not parked user/x"):
        release(Listing(OnError.PARK), "x")


def test_an_event_is_tried_again_before_its_aggregate_is_parked():
    projection = Listing(OnError.PARK, retries=1)
    projection.broken = {"a1"}
    tell("a1", "b1")
    assert run_pass(projection).outcome == Outcome.FAILED
    assert not ParkedAggregate.objects.exists()
    ProjectionCheckpoint.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert run_pass(projection).outcome == Outcome.ADVANCED
    assert (ParkedAggregate.objects.get().attempts, projection.seen) == (2, ["b1"])
    assert ProjectionCheckpoint.objects.get(name="listing").status == "running"


def test_beyond_the_bound_of_parked_aggregates_the_projection_pauses_and_heals_by_a_release():
    projection = Listing(OnError.PARK, max_parked=2)
    projection.broken = {"a1", "b1", "c1"}
    tell("a1", "b1", "c1", "d1")
    assert run_pass(projection).outcome == Outcome.FAILED
    assert ParkedAggregate.objects.count() == 2
    projection.broken = {"c1"}
    release(projection, "a")
    operate("resume", projection, NoArguments(), actor="op", reason="a try")
    catch_up(projection)
    assert projection.seen == ["a1", "d1"]
    assert set(ParkedAggregate.objects.values_list("aggregate_id", flat=True)) == {"b", "c"}


def test_a_parked_aggregate_stays_parked_when_the_policy_becomes_another():
    projection = Listing(OnError.PARK)
    projection.broken = {"a1"}
    tell("a1")
    catch_up(projection)
    pausing = Listing(OnError.PAUSE)
    tell("a2", "b1")
    catch_up(pausing)
    assert pausing.seen == ["b1"]


def test_a_skipped_event_is_recorded_and_its_aggregate_goes_on():
    projection = Listing(OnError.SKIP)
    projection.broken = {"a1"}
    tell("a1", "a2")
    catch_up(projection)
    assert projection.seen == ["a2"]
    skipped = SkippedEvent.objects.get()
    assert (skipped.projection, skipped.error, skipped.actor) == ("listing", "ValueError: cannot take a1", "")
    assert skipped.skipped_at is not None


def test_an_operator_skips_the_event_that_is_waited_for_and_no_other():
    projection = Listing(OnError.PAUSE)
    projection.broken = {"a1"}
    tell("a1", "a2")
    run_pass(projection)
    failing = ProjectionCheckpoint.objects.get(name="listing")
    with pytest.raises(VerbRefused, match="does not wait before"):
        operate("skip", projection, OfEvent(event_id=event_ids("a")[1]), actor="op", reason="a try")
    assert failing.failed_event_id is not None
    operate("skip", projection, OfEvent(event_id=failing.failed_event_id), actor="op", reason="a try")
    catch_up(projection)
    assert projection.seen == ["a2"]
    assert (SkippedEvent.objects.get().actor, ProjectionCheckpoint.objects.get(name="listing").error) == ("op", "")


def test_a_checkpoint_is_moved_back_and_never_forward():
    projection = Listing(OnError.PARK)
    projection.broken = {"b1"}
    tell("a1", "b1", "c1")
    run_pass(projection, limit=1)
    first = position()
    catch_up(projection)
    projection.broken = set()
    with pytest.raises(VerbRefused, match="would miss"):
        operate("reset", projection, ToPosition(position=position() + 1), actor="op", reason="a try")
    operate("reset", projection, ToPosition(position=first), actor="op", reason="a try")
    assert not ParkedAggregate.objects.exists()
    catch_up(projection)
    assert projection.seen == ["a1", "c1", "b1", "c1"]


@pytest.mark.parametrize(
    ("by", "counts"),
    [(ConflictResolution.VERSION_WINS, {"a": 3, "b": 1}), (ConflictResolution.LAST_WRITE_WINS, {"a": 4, "b": 2})],
)
def test_events_that_come_again_count_once_where_the_version_wins(by, counts):
    # Given a table that counts an aggregate's events beside the version of the last of them
    class Counting(Listing):
        rows: ClassVar[dict[str, tuple[int, int]]] = {}

        def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
            versions = {key: version for key, (version, _) in self.rows.items()}
            for event in unapplied(events, versions, key=lambda one: one.aggregate_id, by=by):
                self.rows[event.aggregate_id] = (event.version, self.rows.get(event.aggregate_id, (0, 0))[1] + 1)

    Counting.rows = {}
    projection = Counting(OnError.PAUSE)
    tell("a1")
    catch_up(projection)
    first = position()
    tell("a2", "b1")
    catch_up(projection)
    # When the checkpoint is moved back, and another event comes
    operate("reset", projection, ToPosition(position=first), actor="op", reason="a try")
    tell("a3")
    catch_up(projection)
    # Then it depends on the conflict resolution what counts twice
    assert {key: count for key, (_, count) in projection.rows.items()} == counts


def test_a_rebuild_meets_everything_again_that_was_left_behind():
    projection = Listing(OnError.PARK)
    projection.broken = {"a1"}
    tell("a1", "b1")
    catch_up(projection)
    projection.broken = set()
    projection.seen = []
    begin(projection)
    assert go_on(projection)
    assert projection.seen == ["a1", "b1"]
    assert ProjectionCheckpoint.objects.get(name="listing").parked == 0


def event_ids(aggregate_id: str) -> list[UUID]:
    return [event.event_id for event in get_events(StreamId("user", aggregate_id))]
