"""Reading: by stream, by id, by type, since a time."""

from datetime import UTC, datetime

import pytest

from events.api import (
    AggregateNotFound,
    EventNotFound,
    Expected,
    append_events,
    get_event,
    get_events,
    get_events_by_causation,
    get_events_by_correlation,
    get_events_by_type,
    get_events_since,
    load_events_range,
    stream_version,
    uuid7,
)
from tests.support.events import new_event, new_stream

pytestmark = pytest.mark.django_db


def test_a_stream_is_read_forwards_and_backwards_in_pages() -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event(str(n)) for n in range(1, 8)])

    assert [e.version for e in get_events(stream)] == [1, 2, 3, 4, 5, 6, 7]
    assert [e.version for e in get_events(stream, 3, limit=2)] == [3, 4]
    assert [e.version for e in get_events(stream, backwards=True, limit=3)] == [7, 6, 5]
    assert [e.version for e in get_events(stream, 2, backwards=True)] == [2, 1]
    assert get_events(stream, 8) == []


def test_streams_of_two_types_with_one_id_are_two_streams() -> None:
    post, comment = new_stream("post"), new_stream("comment")
    same_id = type(post)("comment", post.aggregate_id)
    append_events(post, 0, [new_event("a")])
    append_events(same_id, 0, [new_event("b")])
    assert (stream_version(post), stream_version(same_id)) == (1, 1)
    with pytest.raises(AggregateNotFound):
        stream_version(comment)


def test_reads_by_id_type_and_time() -> None:
    event_id, stream = uuid7(), new_stream()
    late = datetime(2030, 5, 1, tzinfo=UTC)
    append_events(stream, Expected.ANY, [new_event("a", event_id=event_id), new_event("b", timestamp=late)])

    assert get_event(event_id).payload.caption == "a"  # type: ignore[attr-defined]
    assert [e.version for e in get_events_by_type("content.post.created", 10) if e.stream == stream] == [2, 1]
    assert [e.stream for e in get_events_since(late, 10)] == [stream]
    with pytest.raises(EventNotFound):
        get_event(uuid7())


def test_a_range_has_both_its_ends_as_far_as_they_exist() -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event(str(n)) for n in range(1, 6)])
    assert [e.version for e in load_events_range(stream, 2, 4)] == [2, 3, 4]
    assert [e.version for e in load_events_range(stream, 4, 9)] == [4, 5]
    assert load_events_range(stream, 4, 3) == []


def test_a_conversation_and_what_was_caused_are_read_in_pages_in_the_order_of_the_log() -> None:
    conversation, cause = uuid7(), uuid7()
    for number in range(5):
        append_events(new_stream(), 0, [new_event(str(number), correlation_id=conversation, causation_id=cause)])
    append_events(new_stream(), 0, [new_event("other")])
    for read, name in ((get_events_by_correlation, conversation), (get_events_by_causation, cause)):
        seen, after = [], 0
        while page := read(name, 2, after=after):
            seen += [e.payload.caption for e in page]  # type: ignore[attr-defined]
            after = page[-1].position
        assert seen == ["0", "1", "2", "3", "4"]


def test_events_of_one_time_fill_any_number_of_pages() -> None:
    noon = datetime(2031, 5, 1, 12, tzinfo=UTC)
    times = [noon] * 7 + [noon.replace(hour=11), noon.replace(hour=13)]
    append_events(new_stream(), 0, [new_event(str(n), timestamp=time) for n, time in enumerate(times)])
    seen, since, after = [], noon.replace(hour=10), 0
    while page := get_events_since(since, 2, after=after):
        seen += [e.payload.caption for e in page]  # type: ignore[attr-defined]
        since, after = page[-1].timestamp, page[-1].position
    assert seen == ["7", "0", "1", "2", "3", "4", "5", "6", "8"]


@pytest.mark.parametrize("backwards", [True, False])
def test_events_of_a_type_are_read_in_pages_both_ways(backwards: bool) -> None:
    append_events(new_stream(), 0, [new_event(str(n)) for n in range(5)])
    seen, beyond = [], None
    while page := get_events_by_type("content.post.created", 2, backwards=backwards, beyond=beyond):
        seen += [int(e.payload.caption) for e in page]  # type: ignore[attr-defined]
        beyond = page[-1].position
    assert seen == sorted(range(5), reverse=backwards)
