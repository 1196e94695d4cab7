"""Message encoding and decoding: what a message looks like, and what is made of one, whoever wrote it."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

from events.api import Untyped, event, registry
from nova.services.content.events import ContentPostCreated
from outbox.bus.base import IncomingMessage
from outbox.exceptions import Poisonous
from outbox.messages.decoding import to_event
from outbox.messages.encoding import to_message
from outbox.messages.headers import event_id_of, event_type_of, read_headers
from outbox.models import OutboxEvent
from outbox.sql.rows import OutboxRow
from tests.support.versions import own_registry

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
    EVENT_ID,
    None,
    "user-1",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "2025-01-15T10:30:00.000000Z",
    0,
)


FULL_ROW = structs.replace(ROW, causation_id=EVENT_ID, clock="5")


def arrived(row: OutboxRow) -> IncomingMessage:
    sent = to_message(row)
    return IncomingMessage(
        topic=sent.topic, partition=1, offset=2, key=sent.key, body=sent.body, headers=sent.headers, timestamp=0
    )


def external(body: bytes | None, **headers: bytes) -> IncomingMessage:
    return IncomingMessage(
        topic="t", partition=1, offset=2, key=None, body=body, headers=tuple(headers.items()), timestamp=1000
    )


def test_the_body_is_the_payload_and_nothing_else() -> None:
    message = to_message(ROW)

    assert message.body == str(ROW.payload).encode()
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
    event = to_event(external(b'{"a": 1}', event_type=b"their.event"))

    assert event.payload == Untyped("their.event", {"a": 1})
    assert event.timestamp == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert event.aggregate_id is None


def test_an_event_id_that_is_missing_or_none_is_made_from_the_place_of_the_message() -> None:
    missing, broken = external(b"{}"), external(b"{}", event_id=b"\xff")

    assert event_id_of(missing) == event_id_of(broken)
    assert event_id_of(missing) != event_id_of(structs.replace(missing, offset=3))


def test_the_place_is_in_the_topic_that_bore_the_name_when_the_message_came() -> None:
    first, second = (structs.replace(external(b"{}"), topic_id=topic_id) for topic_id in ("first", "second"))

    assert event_id_of(first) == event_id_of(structs.replace(first, timestamp=5))
    assert event_id_of(first) != event_id_of(second)
    named = {"headers": (("event_id", EVENT_ID.encode()),)}
    assert event_id_of(structs.replace(first, **named)) == event_id_of(structs.replace(second, **named))


@pytest.mark.parametrize(
    "message",
    [
        external(b"{}"),
        external(b"{}", event_type=b""),
        external(b"{}", event_type=b"\xff"),
        external(b"{}", event_type=b"a\x00b"),
        external(None, event_type=b"x"),
        external(b"[]", event_type=b"x"),
        external(b"{", event_type=b"x"),
        external(b'{"a":' * 100_000, event_type=b"x"),
        external(b'{"post_id": 1}', event_type=b"content.post.created"),
    ],
)
def test_a_message_that_no_handler_can_be_given_is_poisonous(message: IncomingMessage) -> None:
    with pytest.raises(Poisonous):
        to_event(message)


@pytest.mark.parametrize("timestamp", [2**63 - 1, -(2**63), 253_402_300_800_000, -62_135_596_800_001])
def test_a_message_that_was_written_at_no_time_there_can_be_is_poisonous(timestamp: int) -> None:
    message = structs.replace(external(b"{}", event_type=b"x"), timestamp=timestamp)

    with pytest.raises(Poisonous, match=f"{timestamp} ms"):
        to_event(message)
    # What it says of its time itself comes first.
    said = structs.replace(message, headers=(*message.headers, ("timestamp", b"2025-01-15T10:30:00Z")))
    assert to_event(said).timestamp == datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def test_a_message_from_before_1970_is_as_old_as_it_says() -> None:
    message = structs.replace(external(b"{}", event_type=b"x"), timestamp=-1_000)

    assert to_event(message).timestamp == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_of_a_header_that_comes_twice_the_last_counts_and_one_without_a_value_is_absent() -> None:
    twice = (
        ("event_type", b"a"),
        ("user_id", b"\xff"),
        ("event_type", b"b"),
        ("user_id", b"ann"),
        ("aggregate_id", None),
    )

    event = to_event(structs.replace(external(b"{}"), headers=twice))

    assert (event.event_type, event.user_id, event.aggregate_id) == ("b", "ann", None)


def test_what_a_payload_s_own_code_raises_is_the_message_s_fault() -> None:
    class Reckoned(Struct):
        divisor: int

        def __post_init__(self) -> None:
            1 / self.divisor

    with own_registry():
        event("number.reckoned", owner="tests")(Reckoned)

        with pytest.raises(Poisonous, match="ZeroDivisionError"):
            to_event(external(b'{"divisor":0}', event_type=b"number.reckoned"))
        # As Nova itself writes it.
        plain = {"event_id": EVENT_ID, "schema_version": "1", "timestamp": "2025-01-15T10:30:00Z", "version": "1"}
        headers = {name: value.encode() for name, value in plain.items()}
        with pytest.raises(Poisonous, match="ZeroDivisionError"):
            to_event(external(b'{"divisor":0}', event_type=b"number.reckoned", **headers))


@pytest.mark.parametrize(
    ("message", "is_delete_marker"),
    [
        (external(None), True),
        (external(None, ce_id=b"1", odd=b"\xff"), True),
        (external(None, event_type=b""), True),
        (structs.replace(external(None), topic="identity.user.created"), True),
        (external(b""), False),
        (external(None, event_type=b"x"), False),
        (external(None, ce_type=b"x"), False),
        (structs.replace(external(None), unreadable="a header"), False),
    ],
)
def test_no_body_and_no_type_say_only_that_a_key_is_gone(message: IncomingMessage, is_delete_marker: bool) -> None:
    assert read_headers(message).is_delete_marker == is_delete_marker


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
    message = external(body, **headers)
    with suppress(Poisonous):
        assert to_event(message).offset == message.offset


@pytest.fixture
def cloud_events(settings: Any) -> None:
    settings.NOVA_MESSAGE_FORMAT = "cloudevents"


@pytest.mark.usefixtures("cloud_events")
def test_as_a_cloud_event_the_headers_are_its_attributes_and_the_body_stays_the_payload() -> None:
    message = to_message(ROW)

    assert message.body == str(ROW.payload).encode()
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": EVENT_ID.encode(),
        "ce_source": b"/content-service",
        "ce_type": b"content.post.created",
        "ce_subject": b"post-1",
        "ce_time": b"2025-01-15T10:30:00.000000Z",
        "ce_dataschema": b"urn:nova:event-schema:content.post.created:1",
        "content-type": b"application/json",
        "ce_partitionkey": b"post-1",
        "ce_aggregatetype": b"post",
        "ce_version": b"7",
        "ce_schemaversion": b"1",
        "ce_correlationid": EVENT_ID.encode(),
        "ce_userid": b"user-1",
        "ce_traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    # Names of attributes are lower-case letters and digits (CloudEvents 1.0, "Naming Conventions").
    assert all(name.removeprefix("ce_").isalnum() for name, _ in message.headers if name != "content-type")


def test_both_formats_mean_the_same_event(settings: Any) -> None:
    own = to_event(arrived(ROW))

    settings.NOVA_MESSAGE_FORMAT = "cloudevents"
    assert to_event(arrived(ROW)) == own
    assert own.source_service == "content-service"


def test_an_external_cloud_event_is_known_again_by_its_source_and_id() -> None:
    def sent(source: bytes, name: bytes) -> IncomingMessage:
        return external(b"{}", ce_specversion=b"1.0", ce_type=b"com.example.thing", ce_source=source, ce_id=name)

    event = to_event(structs.replace(sent(b"//example.com/a", b"1"), offset=9))

    assert (event.event_type, event.source_service) == ("com.example.thing", "/example.com/a")
    assert event.event_id == event_id_of(sent(b"//example.com/a", b"1"))
    assert len({event_id_of(sent(source, name)) for source in (b"a", b"b") for name in (b"1", b"2")}) == 4


@pytest.mark.parametrize(
    ("old", "present"),
    [
        ("UserCreatedEvent", "identity.user.created"),
        ("PostDeletedEvent", "content.post.deleted"),
        ("MessagePersistedEvent", "message.persisted"),
        ("message.persisted", "message.persisted"),
        ("SomethingElseEvent", "SomethingElseEvent"),
    ],
)
def test_old_names_of_types_are_understood(old: str, present: str) -> None:
    assert event_type_of(external(b"{}", event_type=old.encode())) == present


def test_an_event_with_an_old_name_is_the_event_of_today() -> None:
    message = structs.replace(arrived(ROW), headers=(("event_type", b"PostCreatedEvent"),))

    event = to_event(message)

    assert event.event_type == "content.post.created"
    assert isinstance(event.payload, ContentPostCreated)


@pytest.mark.parametrize("topic", ["message_persisted", "message_deleted"])
def test_topics_of_old_name_their_only_type(topic: str) -> None:
    message = structs.replace(external(b"{}"), topic=topic)

    assert event_type_of(message) == topic.replace("_", ".")


def test_every_old_name_stands_for_a_registered_type() -> None:
    aliases = {alias: known.name for known in registry for alias in known.aliases}

    assert len(aliases) == 11
    assert all(registry.present_name(alias) == name for alias, name in aliases.items())


def test_the_columns_that_debezium_is_told_of_exist() -> None:
    """The settings in the model's docstring, against the model."""
    told = OutboxEvent.__doc__ or ""
    columns = {field.column for field in OutboxEvent._meta.concrete_fields}
    fields = dict(re.findall(r"`(table\.field\.event\.\w+|route\.by\.field)=(\w+)`", told))
    headers = re.search(r"additional\.placement=([^`]+)`", told)
    assert headers
    placed = [name.strip().partition(":") for name in headers.group(1).split(",")]

    assert fields.keys() == {
        *(f"table.field.event.{name}" for name in ("id", "key", "type", "payload")),
        "route.by.field",
    }
    assert set(fields.values()) | {column for column, _, _ in placed} <= columns
    assert {place for _, _, place in placed} == {"header"}
    # What both bring to the topic, under the same names.
    assert {name for name, _, _ in placed} <= {name for name, _ in to_message(FULL_ROW).headers}
