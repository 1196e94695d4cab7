"""Appending: versions without gaps, all or nothing, each event once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from events.api import (
    EventIdConflict,
    Expected,
    InvalidEvent,
    NewEvent,
    PayloadTooLarge,
    StreamId,
    StreamWrite,
    Unavailable,
    Untyped,
    VersionConflict,
    append_events,
    append_streams,
    event_context,
    get_event,
    get_events,
    uuid7,
)
from tests.support.database import scalar
from tests.support.events import new_event, new_stream, post_created

pytestmark = pytest.mark.django_db


def captions(stream: StreamId) -> list[str]:
    return [event.payload.caption for event in get_events(stream)]  # type: ignore[attr-defined]


def test_an_append_gives_versions_and_rising_positions() -> None:
    stream = new_stream()

    first = append_events(stream, Expected.NO_STREAM, [new_event("a"), new_event("b")])
    second = append_events(stream, 2, [new_event("c")])

    assert (first.first_version, first.version, second.first_version, second.version) == (1, 2, 3, 3)
    assert [*first.positions, *second.positions] == sorted({*first.positions, *second.positions})
    assert captions(stream) == ["a", "b", "c"]
    assert [event.version for event in get_events(stream)] == [1, 2, 3]


def test_a_recorded_event_says_what_the_new_one_said() -> None:
    when = datetime(2011, 10, 11, 13, 45, 40, 276_000, tzinfo=UTC)
    new = NewEvent(
        payload=post_created(caption="é\U0001f600"),
        event_id=uuid7(),
        timestamp=when,
        correlation_id=uuid7(),
        causation_id=uuid7(),
        user_id="Resource 21",
        source_service="legacy",
        metadata={"channel": "Internet", "weight": 1.5},
    )
    stream = new_stream("permit")
    append_events(stream, Expected.ANY, [new])

    recorded = get_event(new.event_id)  # type: ignore[arg-type]

    for field in (
        "payload",
        "event_id",
        "timestamp",
        "correlation_id",
        "causation_id",
        "user_id",
        "source_service",
    ):
        assert getattr(recorded, field) == getattr(new, field)
    assert recorded.metadata == new.metadata | {"clock": recorded.metadata["clock"]}
    assert recorded.stream == stream
    assert (recorded.event_type, recorded.schema_version, recorded.version) == ("content.post.created", 1, 1)
    assert len(recorded.content_hash) == 32


def test_blanks_are_filled_from_the_surrounding_context() -> None:
    correlation, causation, stream = uuid7(), uuid7(), new_stream()
    request = event_context(correlation_id=correlation, user_id="ann", metadata={"traceparent": "t"})
    with request, event_context(causation_id=causation):
        append_events(stream, Expected.ANY, [new_event(), new_event(user_id="bob")])

    first, second = get_events(stream)
    assert (first.correlation_id, first.causation_id, first.user_id) == (correlation, causation, "ann")
    assert (second.user_id, second.metadata["traceparent"]) == ("bob", "t")


@pytest.mark.parametrize("expected", [0, 1, 3, 2**40])
def test_a_wrong_version_is_a_conflict_that_names_both(expected: int) -> None:
    stream = new_stream()
    append_events(stream, Expected.ANY, [new_event("a"), new_event("b")])

    with pytest.raises(VersionConflict) as conflict:
        append_events(stream, expected, [new_event("c")])

    assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == (stream, expected, 2)
    assert captions(stream) == ["a", "b"]


def test_an_append_to_an_existing_stream_needs_one() -> None:
    stream = new_stream()
    with pytest.raises(VersionConflict):
        append_events(stream, Expected.STREAM_EXISTS, [new_event()])
    append_events(stream, Expected.NO_STREAM, [new_event("a")])
    assert append_events(stream, Expected.STREAM_EXISTS, [new_event("b")]).version == 2


def test_a_repeated_append_gets_the_first_answer_although_the_stream_went_on() -> None:
    stream, events = new_stream(), [new_event("a", event_id=uuid7()), new_event("b", event_id=uuid7())]
    first = append_events(stream, Expected.NO_STREAM, events)
    append_events(stream, 2, [new_event("c")])

    again = append_events(stream, Expected.NO_STREAM, events)

    assert again.replayed
    assert not first.replayed
    assert (again.first_version, again.version, again.positions) == (1, 2, first.positions)
    assert captions(stream) == ["a", "b", "c"]


def test_a_repetition_in_another_context_is_still_a_repetition() -> None:
    stream, event = new_stream(), new_event(event_id=uuid7())
    with event_context(correlation_id=uuid7(), metadata={"traceparent": "one"}):
        append_events(stream, Expected.ANY, [event])
    with event_context(correlation_id=uuid7(), metadata={"traceparent": "two"}):
        assert append_events(stream, Expected.ANY, [event]).replayed


@pytest.mark.parametrize(
    "other",
    [
        {"caption": "other"},
        {"timestamp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"user_id": "somebody"},
        {"correlation_id": uuid7()},
        {"metadata": {"a": 1}},
        {"source_service": "elsewhere"},
    ],
)
def test_an_event_id_in_use_for_other_content_is_refused(other: dict[str, Any]) -> None:
    stream, event_id = new_stream("permit"), uuid7()
    append_events(stream, Expected.ANY, [new_event(event_id=event_id)])

    with pytest.raises(EventIdConflict) as conflict:
        append_events(stream, Expected.ANY, [new_event(event_id=event_id, **other)])

    assert conflict.value.event_ids == (event_id,)
    assert captions(stream) == ["hello"]


def test_an_event_id_in_use_in_another_stream_is_refused() -> None:
    event = new_event(event_id=uuid7())
    append_events(new_stream(), Expected.ANY, [event])
    with pytest.raises(EventIdConflict):
        append_events(new_stream(), Expected.ANY, [event])


def test_a_batch_that_is_only_partly_known_is_refused() -> None:
    stream, known = new_stream(), new_event("a", event_id=uuid7())
    append_events(stream, Expected.ANY, [known])
    with pytest.raises(EventIdConflict):
        append_events(stream, Expected.ANY, [known, new_event("b", event_id=uuid7())])
    assert captions(stream) == ["a"]


def test_a_batch_whose_last_event_is_known_is_refused_whole_and_publishes_nothing() -> None:
    stream, known = new_stream(), new_event("a", event_id=uuid7())
    append_events(stream, Expected.ANY, [known])
    with pytest.raises(EventIdConflict):
        append_events(stream, Expected.ANY, [new_event("b"), new_event("c"), known])
    assert captions(stream) == ["a"]
    assert scalar("SELECT count(*) FROM outbox_events") == 1


def test_a_batch_repeated_in_another_order_is_refused() -> None:
    stream, a, b = new_stream(), new_event("a", event_id=uuid7()), new_event("b", event_id=uuid7())
    append_events(stream, Expected.ANY, [a, b])
    with pytest.raises(EventIdConflict):
        append_events(stream, Expected.ANY, [b, a])


def test_several_streams_are_appended_to_together_or_not_at_all() -> None:
    one, other = new_stream(), new_stream()
    append_streams(
        [
            StreamWrite(stream=one, events=[new_event("a"), new_event("b")], expected_version=0),
            StreamWrite(stream=other, events=[new_event("c")], expected_version=0),
        ]
    )
    with pytest.raises(VersionConflict) as conflict:
        append_streams(
            [
                StreamWrite(stream=one, events=[new_event("x")], expected_version=2),
                StreamWrite(stream=other, events=[new_event("y")], expected_version=7),
            ]
        )
    assert (conflict.value.stream, conflict.value.actual) == (other, 1)
    assert (captions(one), captions(other)) == (["a", "b"], ["c"])


def test_an_open_transaction_goes_on_after_a_conflict() -> None:
    stream = new_stream()
    with transaction.atomic():
        append_events(stream, 0, [new_event("a")])
        with pytest.raises(VersionConflict):
            append_events(stream, 0, [new_event("b")])
        append_events(stream, 1, [new_event("c")])
    assert captions(stream) == ["a", "c"]


def test_a_rolled_back_append_never_was() -> None:
    stream, event = new_stream(), new_event(event_id=uuid7())
    with pytest.raises(RuntimeError), transaction.atomic():
        append_events(stream, 0, [event])
        raise RuntimeError
    assert not append_events(stream, 0, [event]).replayed


@pytest.mark.parametrize(
    ("stream", "events", "pointer"),
    [
        (StreamId("post type", "1"), [new_event()], "/aggregate_type"),
        (StreamId("", "1"), [new_event()], "/aggregate_type"),
        (StreamId("p" * 101, "1"), [new_event()], "/aggregate_type"),
        (StreamId("post", ""), [new_event()], "/aggregate_id"),
        (StreamId("post", "a/b"), [new_event()], "/aggregate_id"),
        (StreamId("post", "nul\0"), [new_event()], "/aggregate_id"),
        (StreamId("post", "\ud800"), [new_event()], "/aggregate_id"),
        (StreamId("post", "bytes\ufffd"), [new_event()], "/aggregate_id"),
        (StreamId("post", "x" * 256), [new_event()], "/aggregate_id"),
        (StreamId("post", "1"), [], ""),
        (StreamId("post", "1"), [new_event(), new_event(user_id="")], "/1/user_id"),
        (StreamId("post", "1"), [new_event(user_id="\n")], "/0/user_id"),
        (StreamId("post", "1"), [new_event(source_service="a b")], "/0/source_service"),
        (StreamId("post", "1"), [new_event(timestamp=datetime(2020, 1, 1))], "/0/timestamp"),  # noqa: DTZ001
        (StreamId("post", "1"), [new_event(), new_event(metadata={"a": float("nan")})], "/1/metadata/a"),
        (StreamId("post", "1"), [NewEvent(payload=Untyped("not a name", {}))], "/0/event_type"),
        (StreamId("post", "1"), [NewEvent(payload=Untyped("ok.name", {"a": 2**53}))], "/0/payload/a"),
    ],
)
def test_what_cannot_be_an_event_is_refused_with_its_place(
    stream: StreamId, events: list[NewEvent], pointer: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        append_events(stream, Expected.ANY, events)
    assert refused.value.pointer == pointer
    assert scalar("SELECT count(*) FROM domain_events") == 0


def test_an_event_that_fits_into_no_message_is_refused() -> None:
    with pytest.raises(PayloadTooLarge) as refused:
        append_events(new_stream(), Expected.ANY, [NewEvent(payload=Untyped("big.thing", {"a": "x" * 900_000}))])
    assert (refused.value.pointer, refused.value.limit) == ("/0/payload", 900_000)


def test_a_lost_connection_is_told_apart_from_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("no server")

    monkeypatch.setattr(connection, "ensure_connection", fail)
    with pytest.raises(Unavailable):
        append_events(new_stream(), Expected.ANY, [new_event()])
