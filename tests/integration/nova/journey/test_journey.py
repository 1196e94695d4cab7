"""An operator sees what has become of an event: in the outbox, on its topic, at each consumer, projection and saga."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from events.api import head_of_event
from nova.journey.journey import WITHHELD, Journey, journey_of
from nova.journey.parts import PERMISSIONS, Part
from outbox.api import ConsumerGroup, Handler
from outbox.handling import handlers
from outbox.models import InboxEntry, OutboxEvent
from projections.definition import registry
from projections.definition.projection import Projection
from projections.models import AheadEvent, ParkedAggregate, ProjectionCheckpoint, SkippedEvent
from sagas.models import SagaState, SagaTransition
from tests.support.journeys import append_note, dead_lettered, handled, published, stands_at

pytestmark = pytest.mark.usefixtures("db")

ALL: set[Part] = set(PERMISSIONS)


class Notes(Projection):
    name = "notes"
    event_types = frozenset({"note.taken"})
    models = ()


class Others(Projection):
    name = "others"
    event_types = frozenset({"other.done"})
    models = ()


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups that read the topic, of which one wants such events, and one that reads another topic."""
    wanting = Handler(name="h", event_types=["note.taken"], handle=lambda _: None)
    other = Handler(name="h", event_types=["other.done"], handle=lambda _: None)
    known = [
        ConsumerGroup(name="reader", topics=["notes"], handlers=[wanting]),
        ConsumerGroup(name="passer", topics=["notes"], handlers=[other]),
        ConsumerGroup(name="stranger", topics=["elsewhere"], handlers=[wanting]),
    ]
    monkeypatch.setattr(handlers, "_groups", {group.name: group for group in known})


@pytest.fixture(autouse=True)
def projections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_projections", {"notes": Notes(), "others": Others()})


def journey(event_id: UUID, sees: set[Part] = ALL) -> Journey:
    head = head_of_event(event_id)
    assert head is not None
    return journey_of(head.event, sees=sees)


def consumers(event_id: UUID) -> dict[str, Any]:
    return {one.consumer: one for one in journey(event_id).consumers}


def test_an_event_that_was_just_stored_waits_in_the_outbox() -> None:
    event_id = append_note()
    OutboxEvent.objects.update(topic="notes")

    found = journey(event_id)

    assert found.publication is not None
    assert (found.publication.state, found.publication.offset) == ("pending", None)
    assert {one.consumer: one.state for one in found.consumers} == {"reader": "waiting", "passer": "skipped"}


def test_a_row_says_behind_which_row_of_its_key_it_waits() -> None:
    first, second = append_note("k"), append_note("k")
    OutboxEvent.objects.filter(event_id=first).update(dead_at=Now(), last_error="too large")

    assert journey(second).publication.held_by == OutboxEvent.objects.get(event_id=first).pk  # type: ignore[union-attr]
    assert journey(first).publication.last_error == "too large"  # type: ignore[union-attr]


def test_a_published_event_lies_at_its_place_and_is_handled_some_time_later() -> None:
    event_id = append_note()
    published(event_id, partition=2, offset=40)
    handled(event_id, "reader")

    found = journey(event_id)

    assert found.publication is not None
    assert (found.publication.topic, found.publication.partition, found.publication.offset) == ("notes", 2, 40)
    reader = next(one for one in found.consumers if one.consumer == "reader")
    assert reader.state == "handled"
    assert reader.seconds is not None
    assert 0 <= reader.seconds < 60


def test_a_group_that_stands_before_it_has_so_many_messages_to_come() -> None:
    event_id = append_note()
    published(event_id, offset=7)
    stands_at("reader", 5)

    reader = consumers(event_id)["reader"]

    assert (reader.state, reader.behind) == ("waiting", 3)


@pytest.mark.parametrize(("position", "state"), [(7, "waiting"), (8, "passed")])
def test_the_position_of_a_group_is_the_next_offset_that_it_has_not_handled(position: int, state: str) -> None:
    event_id = append_note()
    published(event_id, offset=7)
    stands_at("reader", position)

    assert consumers(event_id)["reader"].state == state


def test_of_another_partition_no_position_counts() -> None:
    event_id = append_note()
    published(event_id, partition=1, offset=7)
    stands_at("reader", 100, partition=0)

    assert consumers(event_id)["reader"].state == "waiting"


def test_where_the_broker_numbers_no_messages_nothing_is_claimed_before_the_inbox_says_so() -> None:
    event_id = append_note()
    published(event_id, partition=None, offset=None)

    assert consumers(event_id)["reader"].state == "unknown"
    handled(event_id, "reader")
    assert consumers(event_id)["reader"].state == "handled"


@pytest.mark.parametrize(
    ("status", "state"),
    [("open", "dead_letter"), ("retrying", "dead_letter"), ("discarded", "discarded"), ("retried", "handled")],
)
def test_what_a_group_could_not_handle_leads_to_its_dead_letter(status: str, state: str) -> None:
    event_id = append_note()
    published(event_id)
    dead_letter = dead_lettered(event_id, "reader", status=status)

    reader = consumers(event_id)["reader"]

    assert (reader.state, reader.dead_letter_id, reader.attempts) == (state, dead_letter.pk, 3)


def test_a_group_that_is_registered_no_more_is_told_of_when_it_has_handled_the_event() -> None:
    event_id = append_note()
    published(event_id)
    handled(event_id, "gone-service")

    assert consumers(event_id)["gone-service"].state == "handled"


def test_a_row_that_was_cleaned_away_is_said_to_have_been(settings: Any) -> None:
    event_id = append_note()
    handled(event_id, "reader")
    OutboxEvent.objects.all().delete()

    assert journey(event_id).row_state == "missing"
    head = head_of_event(event_id)
    assert head is not None
    old = msgspec.structs.replace(head.event, created_at=head.event.created_at - timedelta(days=8))
    assert journey_of(old, sees=ALL).row_state == "cleaned"
    assert {one.consumer: one.state for one in journey_of(old, sees=ALL).consumers}["reader"] == "handled"


def test_projections_are_past_it_or_not() -> None:
    event_id = append_note()
    position = journey(event_id).event.position

    def state() -> str:
        (reach,) = journey(event_id).projections
        assert reach.projection == "notes"
        return reach.state

    assert state() == "not_begun"
    checkpoint = ProjectionCheckpoint.objects.create(name="notes", version=1, position=position - 1)
    assert state() == "waiting"
    checkpoint.failed_event_id = event_id
    checkpoint.save()
    assert state() == "failed"
    AheadEvent.objects.create(projection="notes", position=position, event_id=event_id)
    assert state() == "applied"
    AheadEvent.objects.all().delete()
    ProjectionCheckpoint.objects.update(position=position, failed_event_id=None)
    assert state() == "applied"
    SkippedEvent.objects.create(projection="notes", position=position, event_id=event_id, error="", skipped_at=Now())
    assert state() == "skipped"
    SkippedEvent.objects.all().delete()
    ParkedAggregate.objects.create(
        projection="notes",
        aggregate_type="note",
        aggregate_id="n1",
        position=position,
        version=1,
        event_id=event_id,
        error="",
        attempts=1,
        parked_at=Now(),
    )
    assert state() == "parked"


def test_the_sagas_that_it_has_moved_are_named() -> None:
    event_id, saga_id = append_note(), uuid4()
    SagaState.objects.create(saga_id=saga_id, saga_type="tea", key="cup", status="running", state={}, version=2)
    for number, cause in ((1, uuid4()), (2, event_id)):
        SagaTransition.objects.create(
            saga_id=saga_id,
            number=number,
            at=Now(),
            cause="event",
            cause_id=cause,
            cause_type="note.taken",
            status="running",
            steps=[],
            changes=[],
            requests=[],
        )

    (moved,) = journey(event_id).sagas

    assert (moved.saga, moved.key, moved.number) == ("tea", "cup", 2)


def test_the_events_beside_it_are_those_of_its_stream_its_conversation_and_the_log() -> None:
    conversation = uuid4()
    first = append_note("a", correlation_id=conversation)
    append_note("b")
    middle = append_note("a")
    last = append_note("b", correlation_id=conversation)
    positions = {one: journey(one).event.position for one in (first, middle, last)}

    beside = journey(first).neighbours

    assert (beside.previous_in_stream, beside.next_in_stream) == (None, positions[middle])
    assert (beside.previous_in_correlation, beside.next_in_correlation) == (None, positions[last])
    assert beside.next_in_log == positions[first] + 1
    assert journey(last).neighbours.previous_in_correlation == positions[first]
    assert journey(last).neighbours.next_in_log is None


@pytest.mark.parametrize("part", sorted(ALL))
def test_whoever_may_not_see_a_part_sees_nothing_of_it(part: Part) -> None:
    event_id = append_note()
    published(event_id, offset=41)
    dead_lettered(event_id, "reader")
    ProjectionCheckpoint.objects.create(name="notes", version=1, position=0)

    found = journey(event_id, ALL - {part})

    assert found.hidden == [part]
    match part:
        case "outbox":
            assert (found.row_state, found.publication) == ("hidden", None)
        case "consumers":
            assert not found.consumers
        case "dead_letters":
            reader = next(one for one in found.consumers if one.consumer == "reader")
            assert (reader.state, reader.detail, reader.dead_letter_id) == ("unknown", WITHHELD, None)
        case "projections":
            assert not found.projections
        case "sagas":
            assert not found.sagas


def test_it_takes_the_same_few_statements_whatever_there_is_and_counts_none(
    django_assert_max_num_queries: Any,
) -> None:
    event_id = append_note()
    published(event_id)
    for number in range(50):
        InboxEntry.objects.create(consumer=f"group-{number}", event_id=event_id)
    with CaptureQueriesContext(connection) as asked, django_assert_max_num_queries(14):
        journey(event_id)
    assert not [query["sql"] for query in asked if "COUNT(" in query["sql"].upper() or " OFFSET " in query["sql"]]


def test_it_is_told_over_http_as_far_as_the_scopes_go(caller_with: Any) -> None:
    event_id = append_note()
    published(event_id, partition=3, offset=9)

    answer = caller_with("events:read").get(f"/api/v1/events/{event_id}/journey")
    whole = caller_with("events:read", "outbox:read", "sagas:read", "read-models:read").get(
        f"/api/v1/events/{event_id}/journey"
    )

    assert answer.json()["hidden"] == ["outbox", "consumers", "dead_letters", "projections", "sagas"]
    assert (answer.json()["publication"], answer.json()["consumers"]) == (None, [])
    assert whole.json()["hidden"] == []
    assert (whole.json()["publication"]["partition"], whole.json()["publication"]["offset"]) == (3, 9)
    assert "the-payload" not in whole.content.decode()


def test_of_no_event_there_is_no_journey(caller: Any) -> None:
    assert caller.get(f"/api/v1/events/{uuid4()}/journey").status_code == 404
