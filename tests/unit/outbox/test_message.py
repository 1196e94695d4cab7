"""What does a message look like, and what is made of one, whoever wrote it?"""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.api import Untyped
from events.domain.content import ContentPostCreated
from outbox.bus.base import IncomingMessage
from outbox.exceptions import Poisonous
from outbox.message import OutboxRow, event_id_of, to_event, to_message

EVENT_ID = "01a1fdd2-1692-79ea-be54-c682f3a8f772"
ROW = OutboxRow(
    1,
    EVENT_ID,
    "post",
    "post-1",
    7,
    "content.post.created",
    1,
    "content-service",
    "nova.content.events",
    "post-1",
    '{"caption":"ü","created_at":"2025-01-15T10:30:00Z","media_type":"none","post_id":"post-1","status":"published",'
    '"user_id":"u"}',
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    EVENT_ID,
    None,
    "user-1",
    "2025-01-15T10:30:00.000000Z",
    0,
)


def arrived(row: OutboxRow) -> IncomingMessage:
    sent = to_message(row)
    return IncomingMessage(
        topic=sent.topic, partition=1, offset=2, key=sent.key, body=sent.body, headers=sent.headers, timestamp=0
    )


def foreign(body: bytes | None, **headers: bytes) -> IncomingMessage:
    return IncomingMessage(
        topic="t", partition=1, offset=2, key=None, body=body, headers=tuple(headers.items()), timestamp=1000
    )


def test_the_body_is_the_payload_and_nothing_else() -> None:
    message = to_message(ROW)

    assert message.body == ROW.payload.encode()
    assert message.key == b"post-1"
    assert [name for name, _ in message.headers] == [
        *("event_type", "event_id", "aggregate_type", "aggregate_id", "version", "schema_version", "content-type"),
        *("source_service", "timestamp", "correlation_id", "user_id", "traceparent"),
    ]


def test_an_event_arrives_as_it_was_sent() -> None:
    event = to_event(arrived(ROW))

    assert isinstance(event.payload, ContentPostCreated)
    assert event.payload.caption == "ü"
    assert event.event_id == event.correlation_id == UUID(EVENT_ID)
    assert event.causation_id is None
    assert (event.aggregate_type, event.aggregate_id, event.version) == ("post", "post-1", 7)
    assert (event.user_id, event.source_service) == ("user-1", "content-service")
    assert event.traceparent == ROW.traceparent
    assert event.timestamp == datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def test_a_message_of_somebody_else_needs_an_event_type_and_a_json_object() -> None:
    event = to_event(foreign(b'{"a": 1}', event_type=b"their.event"))

    assert event.payload == Untyped("their.event", {"a": 1})
    assert event.timestamp == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert event.aggregate_id is None


def test_an_event_id_that_is_missing_or_none_is_made_from_the_place_of_the_message() -> None:
    missing, broken = foreign(b"{}"), foreign(b"{}", event_id=b"\xff")

    assert event_id_of(missing) == event_id_of(broken)
    assert event_id_of(missing) != event_id_of(structs.replace(missing, offset=3))


@pytest.mark.parametrize(
    "message",
    [
        foreign(b"{}"),
        foreign(b"{}", event_type=b""),
        foreign(b"{}", event_type=b"\xff"),
        foreign(b"{}", event_type=b"a\x00b"),
        foreign(None, event_type=b"x"),
        foreign(b"[]", event_type=b"x"),
        foreign(b"{", event_type=b"x"),
        foreign(b'{"a":' * 100_000, event_type=b"x"),
        foreign(b'{"post_id": 1}', event_type=b"content.post.created"),
    ],
)
def test_a_message_that_no_handler_can_be_given_is_poisonous(message: IncomingMessage) -> None:
    with pytest.raises(Poisonous):
        to_event(message)


@given(
    body=st.none() | st.binary(max_size=50) | st.just(b"{}"),
    headers=st.dictionaries(
        st.sampled_from(
            ["event_type", "event_id", "version", "schema_version", "timestamp", "correlation_id", "user_id"]
        ),
        st.binary(max_size=40) | st.sampled_from([b"9" * 30, b"2025-01-01", b"0001-01-01T00:00:00+23:00", b"-1"]),
    ),
)
def test_no_message_breaks_the_consumer(body: bytes | None, headers: dict[str, bytes]) -> None:
    try:
        to_event(foreign(body, **headers))
    except Poisonous:
        return
