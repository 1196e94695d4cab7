"""Broker queries: what every adapter of the bus can be asked, and which say honestly that they cannot tell."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import pytest

from outbox.bus.base import Bus, TopicSpec
from outbox.exceptions import BrokerUnavailable, Unsupported
from tests.contract.test_bus import commit, message, receive
from tests.support.outbox import unique


def test_a_broker_that_is_there_answers(bus: Bus) -> None:
    if bus.name == "memory":
        with pytest.raises(Unsupported):
            bus.ping(timeout=1.5)
    else:
        bus.ping(timeout=1.5)


def test_whoever_asks_a_broker_that_is_away_is_told_so_in_time(unreachable: Bus) -> None:
    with pytest.raises(BrokerUnavailable):
        unreachable.ping(timeout=0.5)
    with pytest.raises(BrokerUnavailable):
        unreachable.topics([TopicSpec(name="away", partitions=1)])


def test_what_keeps_offsets_is_away_and_what_keeps_none_never_knows(unreachable: Bus) -> None:
    expected = BrokerUnavailable if unreachable.name == "kafka" else Unsupported
    with pytest.raises(expected):
        unreachable.lag("group", ["away"])
    with pytest.raises(expected):
        unreachable.history("away")


def test_a_topic_has_partitions(bus: Bus, topic: str) -> None:
    # RabbitMQ's are the queues of each group, as many as the settings say.
    assert bus.partitions(topic) == (6 if bus.name == "rabbitmq" else 3)
    assert bus.topics([TopicSpec(name=topic, partitions=3)])[topic] == 3


@pytest.mark.parametrize("bus", ["memory", "kafka"], indirect=True)
def test_a_topic_that_is_not_there_has_none(bus: Bus) -> None:
    assert bus.partitions(unique("nowhere")) is None


@pytest.mark.parametrize("bus", ["memory", "rabbitmq"], indirect=True)
def test_a_bus_without_offsets_says_that_it_cannot_tell(bus: Bus, topic: str) -> None:
    with pytest.raises(Unsupported, match="Kafka only"):
        bus.lag("group", [topic])
    with pytest.raises(Unsupported, match="Kafka only"):
        bus.timestamps({(topic, 0): 0})
    with pytest.raises(Unsupported, match="Only Kafka"):
        bus.history(topic)


WITH_OFFSETS = pytest.mark.parametrize("bus", ["kafka"], indirect=True)


@WITH_OFFSETS
def test_the_lag_of_a_group_is_known_whether_it_has_members_or_not(bus: Bus, topic: str) -> None:
    group = unique("group")
    bus.publish_batch([message(topic, "a", str(n)) for n in range(5)])
    assert [one.committed for one in bus.lag(group, [topic])] == [None] * 3
    member = bus.subscribe(group, [topic])
    commit(member, receive(member, 5)[:2])
    member.close()

    lags = bus.lag(group, [f"^{topic}$"])

    assert [(one.topic, one.partition) for one in lags] == [(topic, number) for number in range(3)]
    (behind,) = [one for one in lags if one.lag]
    assert (behind.committed, behind.end, behind.lag) == (2, 5, 3)
    assert bus.lag(group, [unique("nowhere")]) == []


@WITH_OFFSETS
def test_the_time_of_the_first_message_at_an_offset_is_known_in_one_go(bus: Bus, topic: str) -> None:
    before = int(time() * 1_000)
    bus.publish_batch([message(topic, "a", "1" * 100_000), message(topic, "a", "2"), message(topic, "a", "3")])
    between = int(time() * 1_000)
    bus.publish_batch([message(topic, "a", "4")])
    (full,) = [one.partition for one in bus.lag("nobody", [topic]) if one.lag]
    (empty, *_) = {0, 1, 2} - {full}

    found = bus.timestamps({(topic, full): 0, (topic, empty): 0})
    behind = bus.timestamps({(topic, full): 3})
    nothing_yet = bus.timestamps({(topic, full): 4})

    assert set(found) == {(topic, full), (topic, empty)}
    assert before <= (found[topic, full] or 0) <= between
    assert found[topic, empty] is None
    assert between <= (behind[topic, full] or 0) <= int(time() * 1_000)
    assert nothing_yet == {(topic, full): None}
    # Nobody has joined a group or committed anything by asking.
    assert [one.committed for one in bus.lag("nova-lag", [topic])] == [None] * 3


@WITH_OFFSETS
def test_times_that_the_broker_does_not_tell_are_left_out(bus: Bus, topic: str) -> None:
    assert bus.timestamps({(unique("nowhere"), 0): 0, (topic, 0): 0}) == {(topic, 0): None}


@pytest.mark.parametrize("unreachable", ["kafka"], indirect=True)
def test_a_broker_that_is_away_tells_no_times(unreachable: Bus) -> None:
    assert unreachable.timestamps({("away", 0): 0}) == {}


@WITH_OFFSETS
def test_what_a_topic_keeps_is_read_beside_its_groups(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, f"key-{n % 5}", str(n)) for n in range(50)])

    with closing(bus.history(topic)) as history:
        batches = list(history.batches(20))

    found = [one for batch in batches for one in batch]
    assert history.length == len(found) == 50
    assert all(len(batch) <= 20 for batch in batches)
    for number in range(3):
        offsets = [one.offset for one in found if one.partition == number]
        assert offsets == list(range(len(offsets)))


@WITH_OFFSETS
def test_what_a_topic_keeps_is_narrowed_by_offsets_and_time(bus: Bus, topic: str) -> None:
    bus.publish_batch([message(topic, "a", str(n)) for n in range(10)])
    with closing(bus.history(topic)) as everything:
        (place, *_), *_ = everything.batches(10)

    def kept(**narrowed: Any) -> list[bytes | None]:
        with closing(bus.history(topic, **narrowed)) as history:
            return [one.body for batch in history.batches(10) for one in batch]

    assert kept(offsets={place.partition: (7, None)}) == [b"7", b"8", b"9"]
    assert kept(offsets={place.partition: (2, 3)}) == [b"2", b"3"]
    assert kept(from_time=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(kept(to_time=datetime.now(UTC) + timedelta(hours=1))) == 10


@WITH_OFFSETS
def test_a_topic_that_is_not_there_keeps_nothing(bus: Bus) -> None:
    with pytest.raises(BrokerUnavailable, match="nowhere"):
        bus.history(unique("nowhere"))
