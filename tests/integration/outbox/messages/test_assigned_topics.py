"""Aggregate types that no code names get a topic of their own, up to a bound, and keep what they got."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from events.api import Expected, NewEvent, StreamId, StreamWrite, Untyped, append_events, append_streams
from outbox.api import KafkaBus
from outbox.conf import outbox_conf
from outbox.exceptions import TopicNameTaken
from outbox.messages import assigned_topics
from outbox.models import OutboxEvent, TopicAssignment
from outbox.relay.relay import PassResult
from outbox.sql.statements import statement
from tests.integration.outbox.relay.conftest import own, relay
from tests.support.outbox import read_topic

__all__ = ["own", "relay"]

pytestmark = pytest.mark.usefixtures("recording", "prefix")


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    """Know as much as a process that has just started."""
    assigned_topics._known.clear()


def append(aggregate_type: str, event_type: str = "thing.seen") -> None:
    append_events(StreamId(aggregate_type, "1"), Expected.ANY, [NewEvent(payload=Untyped(event_type, {}))])


def topics() -> list[str]:
    """Where the rows go, in their order, without the prefix."""
    names = OutboxEvent.objects.order_by("id").values_list("topic", flat=True)
    return [name.split(".", 1)[1] for name in names]


def test_what_is_above_the_bound_shares_a_topic_and_what_is_below_keeps_its_own(settings: Any) -> None:
    settings.NOVA_MAX_TOPICS = 2

    for aggregate_type in ("a", "b", "c", "d", "a", "c"):
        append(aggregate_type)

    assert topics() == ["a.events", "b.events", "other.events", "other.events", "a.events", "other.events"]


def test_a_decision_holds_in_every_process_whatever_the_bound_becomes(settings: Any) -> None:
    settings.NOVA_MAX_TOPICS = 1
    append("a")
    append("b")

    for bound in (0, 100):
        settings.NOVA_MAX_TOPICS = bound
        forget()
        append("a")
        append("b")
    append("c")

    assert topics() == ["a.events", "other.events"] * 3 + ["c.events"]


def test_what_code_names_counts_for_nothing_and_is_never_asked_for(settings: Any) -> None:
    settings.NOVA_MAX_TOPICS = 0

    append("user", "user.waved")
    append("order", "order.forgotten")
    append("post", "stream.left")

    assert topics() == ["user.events", "order.events", "post.events"]
    assert not TopicAssignment.objects.exists()


def test_once_it_is_committed_nobody_asks_the_database(django_assert_num_queries: Any) -> None:
    append("a")

    with django_assert_num_queries(0):
        assert assigned_topics.assigned_topic("a", conf=outbox_conf()).endswith(".a.events")


def test_a_decision_that_is_rolled_back_was_none(settings: Any) -> None:
    settings.NOVA_MAX_TOPICS = 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append("a")
        append("b")
        raise ZeroDivisionError

    append("b")
    append("a")

    assert topics() == ["b.events", "other.events"]


def test_an_upgrade_leaves_types_in_use_their_topics(settings: Any) -> None:
    for aggregate_type in ("a", "a.b", "x"):
        append(aggregate_type)
    append("post", "content.renamed")
    TopicAssignment.objects.all().delete()
    forget()

    with connection.cursor() as cursor:
        cursor.execute(statement("assign_used_topics"))
    settings.NOVA_MAX_TOPICS = 0
    for aggregate_type in ("a", "a.b", "x", "y"):
        append(aggregate_type)

    assert topics()[-4:] == ["a.events", "a.b.events", "x.events", "other.events"]
    # A topic that several types share is nobody's own.
    assert TopicAssignment.objects.filter(topic=F("name")).count() == 3


def test_a_name_that_kafka_cannot_tell_from_another_is_refused_before_anything_is_stored() -> None:
    append("user.profile")

    with pytest.raises(TopicNameTaken) as raised:
        append("user_profile")

    assert raised.value.pointer == "/aggregate_type"
    assert topics() == ["user.profile.events"]


def test_a_refused_name_names_its_place_and_leaves_an_open_transaction_usable() -> None:
    append("user.profile")
    writes = [
        StreamWrite(
            stream=StreamId(aggregate_type, "2"),
            expected_version=Expected.ANY,
            events=[NewEvent(payload=Untyped("thing.seen", {}))],
        )
        for aggregate_type in ("fresh", "user_profile")
    ]

    with transaction.atomic():
        with pytest.raises(TopicNameTaken) as raised:
            append_streams(writes)
        append("later")

    assert raised.value.pointer == "/1/aggregate_type"
    assert topics() == ["user.profile.events", "later.events"]


def test_of_many_that_begin_at_once_only_so_many_get_their_own(settings: Any) -> None:
    settings.NOVA_MAX_TOPICS = 3
    together = threading.Barrier(6)

    def begin(number: int) -> None:
        together.wait()
        append(f"type-{number % 5}")
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(begin, range(6)))

    own = [name for name in topics() if name != "other.events"]
    assert len(set(own)) == 3
    assert TopicAssignment.objects.count() == 5


def test_what_shares_a_topic_reaches_the_broker_in_order(
    settings: Any, prefix: str, kafka: KafkaBus, kafka_brokers: str, relay: Any
) -> None:
    settings.NOVA_MAX_TOPICS = 0
    for number in range(6):
        append(f"type-{number % 2}")

    passed: PassResult = relay(kafka)

    assert passed.published == 6
    messages = read_topic(kafka_brokers, f"{prefix}.other.events", at_least=6)
    versions: dict[bytes, list[bytes]] = {}
    for message in messages:
        headers = dict(message.headers())
        versions.setdefault(headers["aggregate_type"], []).append(headers["version"])
    assert versions == {b"type-0": [b"1", b"2", b"3"], b"type-1": [b"1", b"2", b"3"]}
