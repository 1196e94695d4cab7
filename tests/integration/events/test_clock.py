"""Every event has a Lamport clock that is greater than those of all that its process had seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from msgspec import structs

from events.api import (
    EventIdConflict,
    Expected,
    InvalidEvent,
    NewEvent,
    StreamId,
    append_events,
    event_context,
    get_event,
    get_events,
    process_clock,
    uuid7,
)
from events.clock import HIGHEST_CLAIMED
from outbox.api import ConsumerGroup, Handler, IncomingMessage, ReceivedEvent, take_effect
from outbox.messages.decoding import to_event
from outbox.messages.encoding import to_message
from outbox.sql.rows import OutboxRow
from outbox.sql.statements import statement
from tests.support.events import new_event, new_stream, post_created

pytestmark = pytest.mark.django_db


@contextmanager
def another_process() -> Iterator[None]:
    """One that has counted nothing yet."""
    with patch.object(process_clock, "_value", 0):
        yield


def clocks(stream: StreamId) -> list[int]:
    return [event.metadata["clock"] for event in get_events(stream)]


def received(clock: int) -> ReceivedEvent:
    headers = (("event_type", b"tea.brewed"), ("event_id", str(uuid7()).encode()), ("clock", b"%d" % clock))
    return to_event(
        IncomingMessage(topic="t", partition=0, offset=0, key=None, body=b"{}", headers=headers, timestamp=0)
    )


def test_clocks_rise_from_event_to_event() -> None:
    stream, other = new_stream(), new_stream()
    append_events(stream, 0, [new_event(), new_event(metadata={"a": 1})])
    append_events(other, 0, [new_event()])
    append_events(stream, 2, [new_event()])

    first, second, fourth = clocks(stream)
    assert first < second < clocks(other)[0] < fourth


def test_an_event_is_later_than_those_that_its_process_has_read() -> None:
    stream = new_stream()
    with event_context(clock=1_000_000):
        append_events(stream, 0, [new_event()])

    with another_process():
        get_events(stream)
        append_events(stream, 1, [new_event()])

        first, second = clocks(stream)
    assert 1_000_000 < first < second


@pytest.mark.parametrize("together", [True, False])
def test_an_event_is_later_than_the_one_that_was_consumed(together: bool) -> None:
    stream = new_stream()

    def react(event: Any) -> None:
        append_events(stream, 0, [new_event()])

    way = {"handle_batch": react} if together else {"handle": react}
    handler = Handler(name="h", event_types="*", **way)  # type: ignore[arg-type]
    with another_process():
        take_effect(ConsumerGroup(name="g", topics=["t"], handlers=[handler]), [received(5_000)])

        assert clocks(stream) == [5_001]


def test_the_clock_travels_with_the_message() -> None:
    stream = new_stream()
    append_events(stream, 0, [new_event()])
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"shards": list(range(64)), "limit": 10, "bytes": 1_000_000, "going_on": []}
        cursor.execute(statement("pending"), parameters)
        (row,) = [OutboxRow(*row) for row in cursor.fetchall()]
    sent = to_message(row)
    message = IncomingMessage(
        topic=sent.topic, partition=0, offset=0, key=sent.key, body=sent.body, headers=sent.headers, timestamp=0
    )

    assert [to_event(message).clock] == clocks(stream)


@pytest.mark.parametrize("header", [b"", b"-1", b"x", b"9" * 30, b"9" * 16, "²".encode()])
def test_a_header_that_is_no_clock_is_as_good_as_none(header: bytes) -> None:
    message = IncomingMessage(
        topic="t",
        partition=0,
        offset=0,
        key=None,
        body=b"{}",
        headers=(("event_type", b"tea.brewed"), ("clock", header)),
        timestamp=0,
    )
    assert to_event(message).clock == 0


def test_a_clock_that_a_client_has_seen_may_be_handed_in() -> None:
    stream = new_stream()
    with another_process():
        append_events(stream, 0, [new_event(metadata={"clock": 70})])
        append_events(stream, 1, [new_event(metadata={"clock": 7})])

        assert clocks(stream) == [71, 72]


@pytest.mark.parametrize("clock", ["7", -1, 1.5, True, None, HIGHEST_CLAIMED + 1])
def test_anything_else_under_its_key_is_refused(clock: object) -> None:
    with pytest.raises(InvalidEvent) as refused:
        append_events(new_stream(), 0, [new_event(metadata={"clock": clock})])
    assert refused.value.pointer == "/0/metadata/clock"


def test_a_repetition_is_known_whatever_its_clock_and_trace_are_now() -> None:
    stream = new_stream()
    new = NewEvent(payload=post_created(), event_id=uuid7(), metadata={"a": 1, "clock": 5, "traceparent": "x"})
    append_events(stream, 0, [new])
    recorded = get_event(new.event_id)  # type: ignore[arg-type]

    with event_context(clock=99, metadata={"traceparent": "y"}):
        for metadata in ({"a": 1}, {"a": 1, "clock": 90}, {"a": 1, "traceparent": "z"}, recorded.metadata):
            assert append_events(stream, Expected.ANY, [structs.replace(new, metadata=metadata)]).replayed
        with pytest.raises(EventIdConflict):
            append_events(stream, Expected.ANY, [structs.replace(new, metadata={"a": 2})])
