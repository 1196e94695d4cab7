"""A group whose database was set back behind the broker stays out, and says so, until somebody has seen to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from outbox.api import ConsumerGroup, KafkaBus, after_restore_is_due
from outbox.bus.base import GroupPlace
from outbox.bus.kafka.offsets import group_lag
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.health import checks
from outbox.consumers.set_back import partitions_ahead
from outbox.handling import handlers
from outbox.handling.positions import Position, PositionBook, adopt, record, recorded_positions
from outbox.models import ConsumerPosition, DatabaseIdentity, InboxEntry
from outbox.signals.heartbeats import consumer_name
from outbox.sql.statements import statement
from tests.support.database import scalar
from tests.support.notebook import Notebook, taken
from tests.support.outbox import eventually, hosted, produce, unique

Make = Callable[[], ConsumerRunner]


def set_back(group: ConsumerGroup, to: int) -> None:
    """As if the database were one of an earlier hour."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notebook WHERE place > %s", [to])
    InboxEntry.objects.exclude(event_id__in=[row for (row,) in written()]).delete()
    ConsumerPosition.objects.filter(consumer=group.name, position__gt=to).update(position=to)


def written() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM notebook")
        return list(cursor.fetchall())


def is_committed(group: ConsumerGroup, brokers: str) -> bool:
    return all(not one.lag for one in group_lag(brokers, group.name, group.topics))


def place(topic: str, offset: int, *, topic_id: str = "one") -> GroupPlace:
    return GroupPlace(topic=topic, partition=0, topic_id=topic_id, offset=offset)


def test_the_database_knows_what_the_broker_is_told(
    group: ConsumerGroup, consumer: Make, notebook: Notebook, kafka: KafkaBus, kafka_brokers: str, made_topic: str
) -> None:
    produce(kafka_brokers, made_topic, taken(1), taken(2), (b"key", b"{}", {"event_type": b"nobody.asked"}))
    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2"])
        eventually(lambda: is_committed(group, kafka_brokers))

    committed = {
        (one.topic, one.partition): Position(one.topic_id, one.offset) for one in kafka.places(group.name, [made_topic])
    }
    assert recorded_positions(group.name) == committed
    assert max(one.offset for one in committed.values()) == 3


def test_a_group_stays_out_while_the_broker_is_ahead_and_goes_on_by_itself_once_it_is_not(
    group: ConsumerGroup,
    consumer: Make,
    notebook: Notebook,
    kafka: KafkaBus,
    kafka_brokers: str,
    made_topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handlers, "_groups", {group.name: group})
    produce(kafka_brokers, made_topic, taken(1), taken(2), taken(3))
    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["1", "2", "3"])
        eventually(lambda: is_committed(group, kafka_brokers))
    set_back(group, 1)
    produce(kafka_brokers, made_topic, taken(4))

    with hosted(consumer()):
        reason = eventually(after_restore_is_due)
        (check,) = [one for one in checks() if one.name == consumer_name(group.name)]
        assert notebook.numbers == ["1"]
        assert not check.healthy
        for text in (reason, check.detail):
            assert "ahead of it by 2 messages; run manage.py after_restore" in text
        ahead = partitions_ahead(group.name, kafka, group_id=group.name, topics=[made_topic])
        kafka.go_on_at(group.name, {(one.topic, one.partition): one.recorded for one in ahead})
        eventually(lambda: notebook.numbers == ["1", "2", "3", "4"])


def test_a_new_group_begins_where_it_was_placed_and_a_known_one_at_nothing_where_nothing_is_recorded(
    group: ConsumerGroup, consumer: Make, notebook: Notebook, kafka: KafkaBus, kafka_brokers: str, made_topic: str
) -> None:
    produce(kafka_brokers, made_topic, taken(1), taken(2))
    (partition,) = [(one.topic, one.partition) for one in kafka.lag(group.name, [made_topic]) if one.end]
    kafka.go_on_at(group.name, {partition: 1})
    with hosted(consumer()):
        eventually(lambda: notebook.numbers == ["2"])
        eventually(lambda: is_committed(group, kafka_brokers))
    ConsumerPosition.objects.all().delete()
    record(group.name, [place("another-topic", 1)])

    (ahead,) = partitions_ahead(group.name, kafka, group_id=group.name, topics=[made_topic])
    assert (ahead.recorded, ahead.committed) == (0, 2)


def test_a_consumer_notices_that_the_database_is_set_back_under_it(
    group: ConsumerGroup, consumer: Make, notebook: Notebook, kafka_brokers: str, made_topic: str
) -> None:
    with hosted(consumer()):
        produce(kafka_brokers, made_topic, taken(1), taken(2), taken(3))
        eventually(lambda: notebook.numbers == ["1", "2", "3"])
        eventually(lambda: is_committed(group, kafka_brokers))
        set_back(group, 1)
        produce(kafka_brokers, made_topic, taken(4))

        assert "ahead of it by 2 messages" in eventually(after_restore_is_due)
        assert max(one.offset for one in recorded_positions(group.name).values()) == 1


def test_a_group_of_a_restored_copy_stays_out(consumer: Make, notebook: Notebook) -> None:
    DatabaseIdentity.objects.create(identity="somewhere/else")

    with hosted(consumer()):
        assert "restored from a dump" in eventually(
            lambda: (
                scalar("SELECT detail -> 'stalled' ->> 0 FROM process_heartbeats")
                if scalar("SELECT count(*) FROM process_heartbeats")
                else None
            )
        )
    assert "restored from a dump; run manage.py after_restore" in str(after_restore_is_due())


def test_the_broker_is_believed_about_a_new_group_and_for_a_day_about_one_from_before_positions_were_recorded(
    recording: None,
) -> None:
    consumer = unique("group")
    ConsumerPosition.objects.create(consumer=consumer, topic="", partition=-1, topic_id="", position=0)

    assert adopt(consumer, [place("notes", 7)])
    assert adopt(consumer, [place("notes", 8)])
    assert recorded_positions(consumer) == {("notes", 0): Position("one", 8)}

    with connection.cursor() as cursor:
        cursor.execute("UPDATE consumer_positions SET recorded_at = recorded_at - interval '25 hours' WHERE topic = ''")
    assert not adopt(consumer, [place("notes", 9)])

    new = unique("group")
    assert adopt(new, [place("notes", 9)])
    assert not adopt(new, [place("notes", 10)])


def test_a_position_goes_back_only_with_a_topic_that_was_made_anew(recording: None) -> None:
    consumer = unique("group")
    assert record(consumer, [place("notes", 7)])
    assert record(consumer, [place("notes", 5)])
    assert recorded_positions(consumer) == {("notes", 0): Position("one", 7)}
    assert record(consumer, [place("notes", 2, topic_id="two")])
    assert recorded_positions(consumer) == {("notes", 0): Position("two", 2)}


def test_what_the_database_could_not_be_told_the_broker_is_not_told(
    recording: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, where = PositionBook(unique("group")), connection.settings_dict
    port = where["PORT"]
    connection.close()
    where["PORT"] = "1"
    assert not book.record([place("notes", 3)])
    where["PORT"] = port

    assert (book.missed, book.is_set_back) == (True, False)
    assert book.record([place("notes", 3)])


def test_the_migration_knows_the_groups_that_have_consumed(recording: None) -> None:
    InboxEntry.objects.create(consumer="old", event_id="00000000-0000-0000-0000-000000000001")
    InboxEntry.objects.create(consumer="old", event_id="00000000-0000-0000-0000-000000000002")
    InboxEntry.objects.create(consumer="older", event_id="00000000-0000-0000-0000-000000000001")
    with connection.cursor() as cursor:
        cursor.execute(
            statement("heartbeat"), {"name": "consumer:quiet", "host": "h", "pid": 1, "detail": json.dumps({})}
        )
        cursor.execute(statement("await_adoption"))

    assert sorted(ConsumerPosition.objects.values_list("consumer", "topic")) == [
        ("old", ""),
        ("older", ""),
        ("quiet", ""),
    ]
