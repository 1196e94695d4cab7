"""The log outlives the code: what was written in an older version is read, repeated and exported as today's.

What was written before its type was known is read as well, whatever it says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import Struct

from events.api import (
    EventIdConflict,
    Expected,
    InvalidEvent,
    NewEvent,
    StreamId,
    UnreadableStream,
    Untyped,
    append_events,
    event,
    get_event,
    get_events,
    load_aggregate,
    stream_log,
    upcaster,
    uuid7,
)
from events.rest.representations import event_answer
from events.transfer.exporter import export_lines
from events.types.registry import registry
from nova.services.orders.aggregates import ORDER
from tests.support.database import scalar
from tests.support.events import new_stream
from tests.support.versions import name_split, own_registry

TYPE = "person.registered"
EVENT_ID = uuid7()


class InVersion1(Struct, frozen=True, kw_only=True):
    name: str


class InVersion2(Struct, frozen=True, kw_only=True):
    first: str
    last: str


@contextmanager
def the_code_of(version: int) -> Iterator[None]:
    with own_registry():
        if version == 1:
            event(TYPE, owner="tests")(InVersion1)
        else:
            event(TYPE, version=2, owner="tests")(InVersion2)
            upcaster(TYPE, from_version=1)(name_split)
        yield


@pytest.fixture
def stream(db: None) -> StreamId:
    stream = new_stream("person")
    with the_code_of(1):
        append_events(stream, Expected.NO_STREAM, [NewEvent(payload=InVersion1(name="Ann Lee"), event_id=EVENT_ID)])
    return stream


def repeat(stream: StreamId, **changes: Any) -> bool:
    payload = InVersion2(**({"first": "Ann", "last": "Lee"} | changes))
    return append_events(stream, Expected.NO_STREAM, [NewEvent(payload=payload, event_id=EVENT_ID)]).replayed


def test_an_old_event_is_read_as_the_class_of_today_and_says_what_it_was(stream: StreamId) -> None:
    with the_code_of(2):
        recorded = get_event(EVENT_ID)

        assert recorded.payload == InVersion2(first="Ann", last="Lee")
        assert (recorded.schema_version, recorded.upcast_from) == (2, 1)
        assert get_events(stream) == [recorded]
        assert event_answer(recorded).payload == {"first": "Ann", "last": "Lee"}
        assert event_answer(recorded).schema_version == 2
    assert scalar("SELECT payload::text FROM domain_events") == '{"name":"Ann Lee"}'


@pytest.mark.usefixtures("stream")
def test_code_without_the_type_still_reads_what_was_written() -> None:
    recorded = get_event(EVENT_ID)

    assert recorded.payload == Untyped(TYPE, {"name": "Ann Lee"}, 1)
    assert (recorded.schema_version, recorded.upcast_from) == (1, None)


def test_an_append_that_is_repeated_by_newer_code_is_still_known(stream: StreamId) -> None:
    with the_code_of(2):
        assert repeat(stream)


def test_one_that_says_something_else_in_newer_code_is_still_refused(stream: StreamId) -> None:
    with the_code_of(2), pytest.raises(EventIdConflict):
        repeat(stream, last="Low")


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("nope", ["short", "long enough to be compressed " * 500])
def test_what_no_code_of_its_type_understands_is_read_as_it_stands(version: int, nope: str) -> None:
    stream = new_stream("person")
    append_events(stream, Expected.ANY, [NewEvent(payload=Untyped(TYPE, {"nope": nope}))])
    append_events(stream, Expected.ANY, [NewEvent(payload=Untyped(TYPE, {"name": "Ann Lee"}))])

    with the_code_of(version):
        unread, read = get_events(stream)

        assert unread.payload == Untyped(TYPE, {"nope": nope}, 1)
        assert (unread.schema_version, unread.upcast_from) == (1, None)
        assert not isinstance(read.payload, Untyped)
        assert event_answer(unread).payload == {"nope": nope}
        assert list(stream_log()) == [unread, read]
        assert len(list(export_lines())) == 2


@pytest.mark.usefixtures("db")
def test_an_aggregate_that_counts_on_it_names_the_event() -> None:
    with own_registry():
        del registry._by_name["order.paid"]
        append_events(StreamId("order", "o1"), Expected.ANY, [NewEvent(payload=Untyped("order.paid", {"nope": 1}))])

    with pytest.raises(UnreadableStream, match=r"order/o1 has order\.paid in schema version 1 at version 1"):
        load_aggregate(ORDER, "o1")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        (Untyped(TYPE, {"nope": 1}, 2), "/0/payload"),
        (Untyped(TYPE, {"first": 1, "last": "Lee"}, 2), "/0/payload/first"),
        (Untyped(TYPE, {"nope": 1}, 1), "/0/payload"),
        (Untyped(TYPE, {"name": "Ann Lee"}, 0), "/0/schema_version"),
        (Untyped(TYPE, {"name": "Ann Lee"}, 2**31), "/0/schema_version"),
    ],
)
def test_what_its_type_does_not_take_is_refused(payload: Untyped, pointer: str) -> None:
    with the_code_of(2), pytest.raises(InvalidEvent) as refused:
        append_events(new_stream("person"), Expected.ANY, [NewEvent(payload=payload)])
    assert refused.value.pointer == pointer


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("payload", [Untyped(TYPE, {"first": "Ann", "last": "Lee"}, 2), Untyped(TYPE, {"new": 1}, 3)])
def test_what_its_type_takes_or_newer_code_writes_goes_in_untyped(payload: Untyped) -> None:
    with the_code_of(2):
        append_events(new_stream("person"), Expected.ANY, [NewEvent(payload=payload)])
    assert scalar("SELECT schema_version FROM domain_events") == payload.schema_version
