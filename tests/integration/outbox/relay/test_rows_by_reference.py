"""Rows by reference: payload and metadata are left to the log, and what is published is the same to the last byte."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from outbox.api import MemoryBus
from outbox.bus.base import OutgoingMessage
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from outbox.relay.relay import NO_BODY, PassResult
from outbox.relay.row_actions import discard_outbox_rows, retry_outbox_rows
from outbox.sql.statements import statement
from tests.support.outbox import note, states, take_notes
from tests.support.relay_passes import LATER

pytestmark = pytest.mark.usefixtures("recording", "prefix")

METADATA = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def leave_to_log(settings: Any) -> Callable[[], None]:
    def leave() -> None:
        settings.NOVA_OUTBOX_BODY = "referenced"

    return leave


def kept() -> list[tuple[bool, bool]]:
    """Of each row in order, whether it has a payload and metadata of its own."""
    rows = OutboxEvent.objects.order_by("position").values_list("payload", "metadata")
    return [(payload is not None, metadata is not None) for payload, metadata in rows]


def without_identity(messages: Sequence[OutgoingMessage]) -> list[Any]:
    """Messages but for what is another one for every event."""
    other = {"event_id", "timestamp", "correlation_id", "clock"}
    return [(m.key, m.body, [h for h in m.headers if h[0] not in other], [h[0] for h in m.headers]) for m in messages]


def append(key: str, *numbers: int) -> None:
    for number in numbers:
        event = NewEvent(payload=Untyped("note.taken", {"number": number, "price": 1e16}), metadata=METADATA)
        append_events(StreamId("note", key), Expected.ANY, [event])


@pytest.mark.parametrize("size", [1, 3])
def test_the_log_has_the_only_copy_of_what_is_left_to_it(leave_to_log: Callable[[], None], size: int) -> None:
    leave_to_log()

    take_notes("a", *range(size))

    assert kept() == [(False, False)] * size


@pytest.mark.parametrize("size", [1, 3])
def test_rows_have_copies_unless_somebody_says_otherwise(size: int) -> None:
    take_notes("a", *range(size))

    assert kept() == [(True, True)] * size


def test_messages_are_the_same_in_both_ways(relay: Callable[..., PassResult], leave_to_log: Callable[[], None]) -> None:
    stored, referenced = MemoryBus(), MemoryBus()
    append("a", 1, 2)
    relay(stored)
    OutboxEvent.objects.all().delete()
    leave_to_log()
    append("a", 1, 2)

    assert relay(referenced).published == 2

    headers = dict(referenced.published[0].headers)
    assert headers["traceparent"] == METADATA["traceparent"].encode()
    assert int(headers["clock"]) > 0
    versions = {"version"}
    for messages in (stored, referenced):
        assert len(messages.published) == 2
    first, second = (
        [(key, body, [h for h in pairs if h[0] not in versions], names) for key, body, pairs, names in found]
        for found in (without_identity(stored.published), without_identity(referenced.published))
    )
    assert first == second


def test_rows_of_both_kinds_stand_in_one_table_and_keep_their_order(
    relay: Callable[..., PassResult], settings: Any
) -> None:
    for number, way in enumerate(["stored", "referenced", "stored", "referenced"]):
        settings.NOVA_OUTBOX_BODY = way
        append("a", number)
    bus = MemoryBus()

    assert relay(bus).published == 4

    assert [message.body for message in bus.published] == [
        b'{"number":%d,"price":10000000000000000.0}' % number for number in range(4)
    ]
    assert {way for way, _ in kept()} == {True, False}


def test_what_the_log_keeps_in_another_encoding_is_copied_in_any_case(
    relay: Callable[..., PassResult], leave_to_log: Callable[[], None], settings: Any
) -> None:
    leave_to_log()
    settings.NOVA_COMPRESS_ABOVE = 100
    append_events(StreamId("note", "a"), Expected.ANY, [note(1, size=1_000), note(2)])
    append_events(StreamId("note", "a"), Expected.ANY, [note(3, size=1_000)])
    bus = MemoryBus()

    assert kept() == [(True, True), (False, False), (True, True)]
    assert relay(bus).published == 3
    assert [len(message.body or b"") > 1_000 for message in bus.published] == [True, False, True]


def test_a_pass_is_bounded_by_bytes_that_lie_in_the_log(
    own: BaseDatabaseWrapper, leave_to_log: Callable[[], None]
) -> None:
    leave_to_log()
    append_events(StreamId("note", "a"), Expected.ANY, [note(n, size=1_000) for n in range(10)])
    parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 10, "bytes": 3_500, "going_on": []}

    with own.cursor() as cursor:
        cursor.execute(statement("pending"), parameters)
        taken = cursor.fetchall()

    assert len(taken) == 4


def test_the_log_is_read_by_position_and_only_for_rows_without_a_copy(own: BaseDatabaseWrapper, settings: Any) -> None:
    take_notes("a", *range(500))
    settings.NOVA_OUTBOX_BODY = "referenced"
    take_notes("b", 1)
    parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 1_000, "bytes": 10_000_000, "going_on": []}

    with own.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement("pending"), parameters)
        plan = cursor.fetchone()[0][0]["Plan"]

    (log,) = [node for node in nodes(plan) if node.get("Relation Name") == "domain_events"]
    assert log["Node Type"] == "Index Scan"
    assert log["Actual Rows"] * log["Actual Loops"] == pytest.approx(1, abs=0.01 * log["Actual Loops"])
    assert log.get("Rows Removed by Filter", 0) == 0


def test_a_row_whose_event_is_nowhere_is_dead_and_holds_its_key_alone(
    relay: Callable[..., PassResult], leave_to_log: Callable[[], None]
) -> None:
    """As when the tables were restored from different backups: an empty body would delete what its key stands for."""
    leave_to_log()
    take_notes("lost", 1)
    take_notes("lost", 2)
    take_notes("kept", 1)
    OutboxEvent.objects.filter(partition_key="lost", version=1).update(position=0)
    bus = MemoryBus()

    result = relay(bus)

    assert (result.published, result.dead) == (1, 1)
    assert [message.key for message in bus.published] == [b"kept"]
    assert states() == {("lost", 1): "dead", ("lost", 2): "pending", ("kept", 1): "published"}
    dead = OutboxEvent.objects.get(version=1, partition_key="lost")
    assert dead.last_error == NO_BODY
    assert (dead.body.payload, dead.body.metadata) == (None, None)

    discard_outbox_rows([dead.pk], actor="somebody", reason="the event is gone")
    relay(bus)

    assert [message.key for message in bus.published] == [b"kept", b"lost"]


def test_a_dead_row_by_reference_is_retried_with_what_the_log_says(
    relay: Callable[..., PassResult], leave_to_log: Callable[[], None]
) -> None:
    leave_to_log()
    append("a", 7)
    row = OutboxEvent.objects.get()
    connection.cursor().execute("UPDATE outbox_events SET dead_at = now()")
    bus = MemoryBus()
    assert relay(bus, LATER).taken == 0

    retry_outbox_rows([row.pk], actor="somebody", reason="again")

    assert relay(bus).published == 1
    assert [message.body for message in bus.published] == [b'{"number":7,"price":10000000000000000.0}']


def test_a_row_shows_what_its_event_says_wherever_that_lies(settings: Any) -> None:
    bodies = []
    for way in ("stored", "referenced"):
        settings.NOVA_OUTBOX_BODY = way
        append(way, 1)
        bodies.append(OutboxEvent.objects.get(partition_key=way).body)

    stored, referenced = bodies
    assert stored.payload == referenced.payload == {"number": 1, "price": 1e16}
    assert stored.metadata["traceparent"] == referenced.metadata["traceparent"] == METADATA["traceparent"]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a plan."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]
