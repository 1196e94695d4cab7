"""Dead-letter topic: every dead letter reaches it, as it came and in order, whatever happens to the broker."""

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection

from outbox.api import ConsumerGroup, DeliveryFailure, Failure, IncomingMessage, KafkaBus, MemoryBus
from outbox.conf import outbox_conf
from outbox.dead_letters.store import store_dead_letter
from outbox.dead_letters.topic import has_unpublished, publish
from outbox.models import DeadLetter
from outbox.tasks import publish_dead_letters
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import headers_of, read_topic, unique
from tests.support.sessions import become_a_reader

TOPIC = "nova.dead-letters"


@pytest.fixture
def group() -> ConsumerGroup:
    return fussy_group(Fussy())


def test_a_copy_is_the_message_as_it_came_and_says_why_it_is_there(db: None, group: ConsumerGroup) -> None:
    headers = (("event_type", b"x.happened"), ("odd", b"\xff\x00"), ("none", None), ("event_type", b"again"))
    message = IncomingMessage(
        topic="t", partition=1, offset=2, key=b"\xff", body=b"{}", headers=headers, timestamp=1_700_000_000_000
    )
    store_dead_letter(group, message, ValueError("no"), attempts=3)
    bus = MemoryBus()

    assert publish(bus, topic=TOPIC) == 1

    (copy,), dead_letter = bus.published, DeadLetter.objects.get()
    assert (copy.topic, copy.key, copy.body) == (TOPIC, b"\xff", b"{}")
    assert copy.headers[:4] == (headers[0], headers[1], ("none", b""), headers[3])
    said = dict(copy.headers[4:])
    assert said == {
        "dlq_group": b"fussy",
        "dlq_event_id": str(dead_letter.event_id).encode(),
        "dlq_exception": b"ValueError",
        "dlq_message": b"no",
        "dlq_frame": b"?:0 in ?",
        "dlq_failure_group": dead_letter.failure_group.encode(),
        "dlq_topic": b"t",
        "dlq_partition": b"1",
        "dlq_offset": b"2",
        "dlq_attempts": b"3",
        "dlq_first_failed_at": dead_letter.first_failed_at.isoformat().encode(),
        "dlq_timestamp": b"1700000000000",
        "dlq_nulls": b"header none",
    }
    assert dead_letter.dlq_published_at is not None
    assert publish(bus, topic=TOPIC) == 0


def test_a_message_without_key_and_body_says_so(db: None, group: ConsumerGroup) -> None:
    message = IncomingMessage(topic="t", partition=0, offset=1, key=None, body=None, headers=(), timestamp=None)
    store_dead_letter(group, message, ValueError("no"), attempts=1)
    bus = MemoryBus()

    publish(bus, topic=TOPIC)

    assert (bus.published[0].key, bus.published[0].body) == (b"", b"")
    assert dict(bus.published[0].headers)["dlq_nulls"] == b"key, body"


def test_what_a_broker_that_is_away_did_not_take_is_copied_in_order_when_it_is_back(
    db: None, group: ConsumerGroup
) -> None:
    dead_lettered(group, 1, 2, 3)
    bus = MemoryBus()
    bus.fail = lambda _: DeliveryFailure(failure=Failure.OUTAGE, reason="away")

    assert publish(bus, topic=TOPIC) == 0
    assert has_unpublished(outbox_conf())
    bus.fail = lambda _: None
    dead_lettered(group, 4)

    assert publish(bus, topic=TOPIC) == 4
    assert [dict(copy.headers)["dlq_offset"] for copy in bus.published] == [b"1", b"2", b"3", b"4"]
    assert not has_unpublished(outbox_conf())


def test_a_dead_letter_that_the_broker_will_never_take_says_so_and_holds_nobody_up(
    db: None, group: ConsumerGroup
) -> None:
    dead_lettered(group, 1, 2)
    bus = MemoryBus()

    def too_large(message: Any) -> DeliveryFailure | None:
        if dict(message.headers)["dlq_offset"] == b"1":
            return DeliveryFailure(failure=Failure.PERMANENT, reason="message too large")
        return None

    bus.fail = too_large

    assert publish(bus, topic=TOPIC) == 1
    first, second = DeadLetter.objects.order_by("id")
    assert (first.dlq_error, first.dlq_published_at) == ("message too large", None)
    assert second.dlq_published_at is not None


def test_without_a_topic_nothing_is_copied(db: None, group: ConsumerGroup, settings: Any) -> None:
    settings.NOVA_DEAD_LETTER_TOPIC = ""
    settings.KAFKA_BROKERS = "127.0.0.1:1"
    dead_lettered(group, 1)

    assert publish_dead_letters() == 0
    assert DeadLetter.objects.get().dlq_published_at is None


def test_two_publishers_copy_everything_once_and_in_order(committed_db: None, group: ConsumerGroup) -> None:
    dead_lettered(group, *range(30))
    bus, other, inside, go_on = MemoryBus(), MemoryBus(), threading.Event(), threading.Event()

    def pause(_: Any) -> None:
        inside.set()
        go_on.wait(10)

    bus.fail = pause

    def first() -> None:
        publish(bus, topic=TOPIC)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    second = publish(other, topic=TOPIC)
    go_on.set()
    thread.join()

    assert (second, other.published) == (0, [])
    assert [int(dict(copy.headers)["dlq_offset"]) for copy in bus.published] == list(range(30))


def test_apache_kafka_has_the_copies_of_a_key_in_order(
    committed_db: None, group: ConsumerGroup, kafka: KafkaBus, kafka_brokers: str
) -> None:
    topic = unique("dlq")
    dead_lettered(group, *range(20))
    dead_lettered(group, 20, key=None)

    assert publish(kafka, topic=topic) == 21

    copies = read_topic(kafka_brokers, topic, at_least=21)
    of_key = [int(headers_of(copy)["dlq_offset"]) for copy in copies if copy.key() == b"k"]
    assert of_key == list(range(20))
    assert {copy.value() for copy in copies} == {b'{"n": 1}'}


def test_nothing_is_copied_that_could_not_be_marked(committed_db: None, group: ConsumerGroup) -> None:
    message = IncomingMessage(topic="t", partition=0, offset=1, key=b"k", body=b"{}", headers=(), timestamp=None)
    store_dead_letter(group, message, ValueError("no"), attempts=1)
    bus = MemoryBus()
    become_a_reader(connection)

    with pytest.raises(OperationalError):
        publish(bus, topic=TOPIC)

    assert bus.published == []
    assert publish(bus, topic=TOPIC) == 1
