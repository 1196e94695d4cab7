"""Arguments at the edge: no function of the event store sends what the database refuses; each names what is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from msgspec import Struct

from events import api
from events.api import BatchWriter, Expected, NewEvent, StreamId, StreamWrite, Untyped, event
from events.commands.dry_run import dry_run
from events.exceptions import EventStoreError, InvalidArgument, InvalidEvent
from events.state.snapshots import prune_snapshots
from nova.services.orders.aggregates import ORDER
from nova.services.orders.commands import CreateOrder
from nova.services.orders.events import OrderItem
from tests.support.events import new_event, new_stream, post_created
from tests.support.versions import own_registry

pytestmark = pytest.mark.django_db

STREAM = StreamId("post", "1")
TOO_LARGE = 2**63
NAIVE = datetime(2025, 1, 15, 10, 30)  # noqa: DTZ001 - what is refused
NUL, HALF = "a\0", "a\ud800"
UNKNOWN = api.uuid7()
CREATE = CreateOrder(customer_id="ann", currency="EUR", items=[OrderItem(product_id="tea", quantity=1, unit_price=5)])


def nothing(_: object) -> None:
    """A handler."""


LIMITS: dict[str, Callable[[Any], Any]] = {
    "read_log": lambda limit: api.read_log(0, limit),
    "get_events": lambda limit: api.get_events(STREAM, limit=limit),
    "get_events_by_type": lambda limit: api.get_events_by_type("a.b", limit),
    "get_events_by_correlation": lambda limit: api.get_events_by_correlation(UNKNOWN, limit),
    "get_events_by_causation": lambda limit: api.get_events_by_causation(UNKNOWN, limit),
    "get_events_since": lambda limit: api.get_events_since(datetime.now(UTC), limit),
    "latest_event_ids": lambda limit: api.latest_event_ids("1", limit),
    "list_streams": api.list_streams,
    "stream_log": lambda limit: list(api.stream_log(page=limit)),
    "stream_events": lambda limit: list(api.stream_events(STREAM, page=limit)),
    "replay": lambda limit: api.replay({"a.b": nothing}, workers=limit),
    "BatchWriter": lambda limit: BatchWriter(max_events=limit).close(),
}
NUMBERS: dict[str, Callable[[Any], Any]] = {
    "read_log": lambda after: api.read_log(after, 1),
    "get_events": lambda version: api.get_events(STREAM, version),
    "get_events backwards": lambda version: api.get_events(STREAM, version, backwards=True),
    "load_events_range from": lambda version: api.load_events_range(STREAM, version, 1),
    "load_events_range to": lambda version: api.load_events_range(STREAM, 1, version),
    "get_events_by_type": lambda beyond: api.get_events_by_type("a.b", 1, beyond=beyond),
    "get_events_by_type forwards": lambda beyond: api.get_events_by_type("a.b", 1, beyond=beyond, backwards=False),
    "get_events_by_correlation": lambda after: api.get_events_by_correlation(UNKNOWN, 1, after=after),
    "get_events_by_causation": lambda after: api.get_events_by_causation(UNKNOWN, 1, after=after),
    "get_events_since": lambda after: api.get_events_since(datetime.now(UTC), 1, after=after),
    "log_backlog": lambda after: api.log_backlog(after, ["a.b"]),
    "load_stream": lambda after: api.load_stream(STREAM, after=after),
    "stream_log after": lambda after: list(api.stream_log(after)),
    "stream_log until": lambda until: list(api.stream_log(until=until)),
    "stream_events": lambda version: list(api.stream_events(STREAM, version)),
    "replay": lambda after: api.replay({"a.b": nothing}, after=after),
    "load_aggregate": lambda up_to: api.load_aggregate(ORDER, "o1", up_to=up_to),
    "latest_snapshot": lambda up_to: api.latest_snapshot(ORDER, "o1", up_to=up_to),
    "save_snapshot": lambda version: api.save_snapshot(ORDER, "o1", version, ORDER.initial),
    "save_snapshot keep": lambda keep: api.save_snapshot(ORDER, "o1", 1, ORDER.initial, keep=keep),
    "prune_snapshots": lambda keep: prune_snapshots(keep=keep),
    "state_at_version": lambda version: api.state_at_version(ORDER, "o1", version),
    "difference": lambda version: api.difference(ORDER, "o1", 0, version),
}
TEXTS: dict[str, Callable[[Any], Any]] = {
    "read_log types": lambda text: api.read_log(0, 1, [text]),
    "read_log aggregate": lambda text: api.read_log(0, 1, aggregate_type=text),
    "get_events type": lambda text: api.get_events(StreamId(text, "1")),
    "get_events id": lambda text: api.get_events(StreamId("post", text)),
    "load_events_range": lambda text: api.load_events_range(StreamId("post", text), 1, 2),
    "stream_version": lambda text: api.stream_version(StreamId("post", text)),
    "get_events_by_type": lambda text: api.get_events_by_type(text, 1),
    "log_backlog": lambda text: api.log_backlog(0, [text]),
    "latest_event_ids": lambda text: api.latest_event_ids(text, 1),
    "load_stream": lambda text: api.load_stream(StreamId("post", text)),
    "stream_log types": lambda text: list(api.stream_log(event_types=[text])),
    "stream_log aggregate": lambda text: list(api.stream_log(aggregate_type=text)),
    "stream_events": lambda text: list(api.stream_events(StreamId("post", text))),
    "replay": lambda text: api.replay({text: nothing}),
    "list_streams type": lambda text: api.list_streams(1, aggregate_type=text),
    "list_streams after": lambda text: api.list_streams(1, after=StreamId("post", text)),
    "get_stream_metadata": lambda text: api.get_stream_metadata(StreamId("post", text)),
    "set_stream_metadata": lambda text: api.set_stream_metadata(StreamId("post", text)),
    "set_stream_metadata title": lambda text: api.set_stream_metadata(STREAM, title=text),
    "set_stream_metadata actor": lambda text: api.set_stream_metadata(STREAM, actor=text),
    "archive_stream": lambda text: api.archive_stream(StreamId("post", text)),
    "archive_stream reason": lambda text: api.archive_stream(STREAM, reason=text),
    "restore_stream actor": lambda text: api.restore_stream(STREAM, actor=text),
    "tombstone_stream": lambda text: api.tombstone_stream(STREAM, reason=text),
    "append_events type": lambda text: api.append_events(StreamId(text, "1"), 0, [new_event()]),
    "append_events id": lambda text: api.append_events(StreamId("post", text), 0, [new_event()]),
    "append_events user": lambda text: api.append_events(STREAM, 0, [new_event(user_id=text)]),
    "append_events service": lambda text: api.append_events(STREAM, 0, [new_event(source_service=text)]),
    "append_events metadata": lambda text: api.append_events(STREAM, 0, [new_event(metadata={"a": text})]),
    "append_events key": lambda text: api.append_events(STREAM, 0, [new_event(metadata={text: 1})]),
    "append_events payload": lambda text: api.append_events(STREAM, 0, [new_event(text)]),
    "append_events untyped": lambda text: api.append_events(STREAM, 0, [NewEvent(payload=Untyped(text, {}))]),
    "append_events context": lambda text: _append_in_context(user_id=text),
    "load_aggregate": lambda text: api.load_aggregate(ORDER, text),
    "latest_snapshot": lambda text: api.latest_snapshot(ORDER, text),
    "save_snapshot": lambda text: api.save_snapshot(ORDER, text, 1, ORDER.initial),
    "state_at_version": lambda text: api.state_at_version(ORDER, text, 1),
    "state_at_time": lambda text: api.state_at_time(ORDER, text, datetime.now(UTC)),
    "difference": lambda text: api.difference(ORDER, text, 0, 1),
    "execute": lambda text: api.execute(text, CREATE),
    "execute field": lambda text: api.execute("o1", CreateOrder(customer_id=text, currency="EUR", items=[])),
    "execute user": lambda text: api.execute("o1", CREATE, user_id=text),
    "dry_run": lambda text: dry_run(text, CREATE),
}
TIMES: dict[str, Callable[[Any], Any]] = {
    "read_log since": lambda time: api.read_log(0, 1, since=time),
    "read_log until": lambda time: api.read_log(0, 1, until=time),
    "get_events_since": lambda time: api.get_events_since(time, 1),
    "stream_log": lambda time: list(api.stream_log(since=time)),
    "replay": lambda time: api.replay({"a.b": nothing}, since=time),
    "state_at_time": lambda time: api.state_at_time(ORDER, "o1", time),
    "append_events": lambda time: api.append_events(STREAM, 0, [new_event(timestamp=time)]),
    "execute": lambda time: api.execute("o1", CREATE, at=time),
}
IDS: dict[str, Callable[[Any], Any]] = {
    "get_event": api.get_event,
    "get_events_by_id": lambda uuid: api.get_events_by_id([UNKNOWN, uuid]),
    "get_events_by_correlation": lambda uuid: api.get_events_by_correlation(uuid, 1),
    "get_events_by_causation": lambda uuid: api.get_events_by_causation(uuid, 1),
    "read_log correlation": lambda uuid: api.read_log(0, 1, correlation_id=uuid),
    "read_log causation": lambda uuid: api.read_log(0, 1, causation_id=uuid),
    "append_events": lambda uuid: api.append_events(STREAM, 0, [new_event(event_id=uuid)]),
    "append_events correlation": lambda uuid: api.append_events(STREAM, 0, [new_event(correlation_id=uuid)]),
    "append_events causation": lambda uuid: api.append_events(STREAM, 0, [new_event(causation_id=uuid)]),
    "append_events context": lambda uuid: _append_in_context(correlation_id=uuid),
    "execute": lambda uuid: api.execute("o1", CREATE, command_id=uuid),
}
OTHERS: dict[str, Callable[[], Any]] = {
    "read_log of both": lambda: api.read_log(0, 1, correlation_id=UNKNOWN, causation_id=UNKNOWN),
    "read_log of a text": lambda: api.read_log(0, 1, "a.b"),
    "append nothing": lambda: api.append_events(STREAM, 0, []),
    "append to nothing": lambda: api.append_streams([]),
    "append a list as data": lambda: api.append_events(STREAM, 0, [NewEvent(payload=Untyped("a.b", []))]),  # type: ignore[arg-type]
    "no delay": lambda: BatchWriter(max_delay=float("nan")).close(),
    "a negative delay": lambda: BatchWriter(max_delay=-1).close(),
    "an age of nothing": lambda: api.set_stream_metadata(STREAM, max_age=timedelta(0)),
    "an age without end": lambda: api.set_stream_metadata(STREAM, max_age=timedelta.max),
    "a count of none": lambda: api.set_stream_metadata(STREAM, max_count=0),
    "a count too large": lambda: api.set_stream_metadata(STREAM, max_count=TOO_LARGE),
}


def _append_in_context(**values: Any) -> Any:
    with api.event_context(**values):
        return api.append_events(STREAM, 0, [new_event()])


def refuses(call: Callable[[], Any]) -> EventStoreError:
    """What the call raises, after which the caller's transaction can go on."""
    with transaction.atomic():
        with pytest.raises(EventStoreError) as refused:
            call()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return refused.value


def table(calls: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", calls.values(), ids=calls)


@table(LIMITS)
def test_a_limit_is_one_or_more(call):
    for limit in (0, -1, -TOO_LARGE, TOO_LARGE, 2**70, 1.5, "1"):
        error = refuses(lambda: call(limit))  # noqa: B023 - called at once
        assert isinstance(error, InvalidArgument), limit
        assert error.parameter in {"limit", "page", "workers", "max_events"}


@table(NUMBERS)
def test_a_version_or_position_lies_within_what_there_can_be(call):
    for number in (-1, -TOO_LARGE, TOO_LARGE, 2**70, "1"):
        assert refuses(lambda: call(number)).args, number  # noqa: B023 - called at once


@table(TEXTS)
def test_a_text_is_unicode_without_nul(call):
    for text in (NUL, HALF, "\0", "\udfff"):
        assert refuses(lambda: call(text)).args, text  # noqa: B023 - called at once


@table(TIMES)
def test_a_time_has_an_offset(call):
    assert refuses(lambda: call(NAIVE)).args


@table(IDS)
def test_an_id_is_a_uuid(call):
    for uuid in ("abc", 7, "{}"):
        assert refuses(lambda: call(uuid)).args, uuid  # noqa: B023 - called at once


@table(OTHERS)
def test_what_cannot_be_is_refused(call):
    assert refuses(call).args


@pytest.mark.parametrize("version", [-3, TOO_LARGE, 2**70])
def test_an_expected_version_is_one_that_a_stream_can_have(version):
    assert isinstance(refuses(lambda: api.append_events(STREAM, version, [new_event()])), InvalidEvent)
    several = [
        StreamWrite(stream=STREAM, expected_version=Expected.ANY, events=[new_event()]),
        StreamWrite(stream=new_stream(), expected_version=version, events=[new_event()]),
    ]
    assert isinstance(refuses(lambda: api.append_streams(several)), InvalidEvent)
    assert api.get_events(STREAM) == []


def test_a_key_that_orders_messages_is_one_that_an_index_takes():
    with own_registry():

        @event("tea.poured", owner="tea", key="guest")
        class TeaPoured(Struct, frozen=True, kw_only=True):
            """With a guest of any name."""

            guest: str

        for guest in ("x" * 2_001, "\U0001f4a9" * 501):
            error = refuses(lambda: api.append_events(STREAM, 0, [NewEvent(payload=TeaPoured(guest=guest))]))  # noqa: B023 - called at once
            assert str(error).startswith("/0/payload/guest: ")
        assert api.append_events(STREAM, 0, [NewEvent(payload=TeaPoured(guest="\U0001f4a9" * 500))]).version == 1


def test_what_lies_just_within_is_taken():
    largest = TOO_LARGE - 1
    assert api.read_log(largest, largest).events == []
    assert api.get_events(STREAM, 0, limit=largest) == []
    assert api.get_events(STREAM, 0, backwards=True) == []
    assert api.load_events_range(STREAM, 1, 0) == []
    assert api.get_events_by_type("a.b", 1, beyond=0) == []
    assert api.get_events_by_id([]) == []
    assert api.get_events_by_id([str(UNKNOWN)]) == []  # type: ignore[list-item]
    assert api.log_backlog(0, []) == (0, 0.0)
    assert post_created().post_id == "post-1"
