"""Relay: rows reach their topic in order, whatever fails (I5, I6)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events.api import Expected, NewEvent, StreamId, Untyped, append_events
from outbox.api import DeliveryFailure, Failure, KafkaBus, MemoryBus
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from outbox.relay.relay import BATCH_BYTES, PassResult
from outbox.sql.statements import statement
from tests.support.outbox import headers_of, in_order, read_topic, states, take_notes

pytestmark = pytest.mark.usefixtures("recording", "prefix")


def test_rows_reach_the_topic_in_order_per_key_with_all_that_is_known(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    appended = [take_notes(f"key-{n % 3}", n) for n in range(30)]

    assert relay(kafka).published == 30

    messages = read_topic(kafka_brokers, topic, at_least=30)
    assert len(messages) == 30
    assert in_order(messages) == {f"key-{n}": list(range(1, 11)) for n in range(3)}
    headers = {headers_of(m)["event_id"].decode(): headers_of(m) for m in messages}
    of_first = headers[str(appended[0].event_ids[0])]
    assert of_first["event_type"] == b"note.taken"
    assert of_first["aggregate_type"] == b"note"
    assert of_first["aggregate_id"] == b"key-0"
    assert of_first["version"] == b"1"
    assert of_first["content-type"] == b"application/json"
    assert set(states().values()) == {"published"}


def test_a_pass_takes_so_many_bytes_however_small_they_are_stored(relay: Callable[..., PassResult]) -> None:
    """Repeated text is stored in a hundredth of its length, and a relay that takes it all has no memory left."""
    length = 800_000
    large = [NewEvent(payload=Untyped("note.taken", {"number": n, "text": "x" * length})) for n in range(30)]
    for event in large:
        append_events(StreamId("note", "large"), Expected.ANY, [event])
    bus = MemoryBus()

    published = relay(bus).published

    assert BATCH_BYTES <= published * length < BATCH_BYTES + length
    assert published + relay(bus).published == 30


def test_a_rolled_back_append_publishes_nothing(relay: Callable[..., PassResult]) -> None:
    bus = MemoryBus()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take_notes("a", 1)
        raise ZeroDivisionError

    take_notes("b", 2)
    relay(bus)

    assert [m.key for m in bus.published] == [b"b"]


def test_a_pass_reads_each_parked_row_once_however_many_keys_are_parked(own: BaseDatabaseWrapper) -> None:
    keys = 200
    for key in range(keys):
        take_notes(f"key-{key}", 1, 2)
    connection.cursor().execute("UPDATE outbox_events SET dead_at = now() WHERE version = 1")
    parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 10, "bytes": 1_000_000, "going_on": []}
    with own.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement("pending"), parameters)
        plan = cursor.fetchone()[0][0]["Plan"]

    assert rows_read(plan) < 10 * 2 * keys


def test_a_pass_reads_what_is_pending_and_nothing_else_whatever_the_statistics_say(own: BaseDatabaseWrapper) -> None:
    take_notes("a", *range(1000))
    with own.cursor() as cursor:
        parameters: dict[str, Any] = {"shards": list(range(SHARDS)), "limit": 10, "bytes": 1_000_000, "going_on": []}
        cursor.execute("EXPLAIN " + statement("pending"), parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using idx_outbox_unpublished" in plan
    assert "outbox_events_holding" in plan
    assert "Seq Scan" not in plan


def rows_read(node: dict[str, Any]) -> float:
    """All rows that the nodes of a plan have returned or looked at in vain."""
    seen = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return float(seen + sum(rows_read(child) for child in node.get("Plans", ())))


def test_a_row_keeps_where_its_message_lies(
    kafka: KafkaBus, kafka_brokers: str, topic: str, relay: Callable[..., PassResult]
) -> None:
    for n in range(20):
        take_notes(f"key-{n % 5}", n)

    relay(kafka)

    lying = {
        headers_of(m)["event_id"].decode(): (m.partition(), m.offset())
        for m in read_topic(kafka_brokers, topic, at_least=20)
    }
    assert {
        str(row.event_id): (row.published_partition, row.published_offset) for row in OutboxEvent.objects.all()
    } == lying


def test_beside_topics_that_are_missing_rows_keep_their_own_places(relay: Callable[..., PassResult]) -> None:
    class HalfAway(MemoryBus):
        def ensure_topics(self, specs: Any) -> Any:
            super().ensure_topics([spec for spec in specs if not spec.name.endswith("away.events")])
            gone = DeliveryFailure(failure=Failure.REFUSED, reason="may not be made")
            return {spec.name: gone for spec in specs if spec.name.endswith("away.events")}

    append_events(StreamId("away", "a"), Expected.ANY, [NewEvent(payload=Untyped("away.gone", {}))])
    take_notes("a", 1, 2)
    append_events(StreamId("away", "b"), Expected.ANY, [NewEvent(payload=Untyped("away.gone", {}))])

    relay(HalfAway())

    offsets = dict(OutboxEvent.objects.order_by("position").values_list("position", "published_offset"))
    assert list(offsets.values()) == [None, 0, 1, None]
