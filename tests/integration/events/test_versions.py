"""The log outlives the code: what was written in an older version is read, repeated and exported as today's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import Struct

from events.api import (
    EventIdConflict,
    Expected,
    NewEvent,
    StreamId,
    Untyped,
    append_events,
    event,
    get_event,
    get_events,
    upcaster,
    uuid7,
)
from events.rest.representations import event_body
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
        assert event_body(recorded)["payload"] == {"first": "Ann", "last": "Lee"}
        assert event_body(recorded)["schema_version"] == 2
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
