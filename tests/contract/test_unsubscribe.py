"""Leaving a group: what was committed is safe, others go on there, and who has left is told so."""

import pytest

from outbox.bus.base import Bus
from outbox.exceptions import SubscriptionClosed
from tests.contract.test_bus import commit, joined, message, receive
from tests.support.outbox import unique


def test_the_group_goes_on_behind_what_the_member_that_left_has_committed(bus: Bus, topic: str) -> None:
    group = unique("group")
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(5)])
    commit(first, receive(first, 5)[:2])

    bus.unsubscribe(first)

    second = bus.subscribe(group, [topic])
    assert [one.body for one in receive(second, 3)] == [b"2", b"3", b"4"]
    bus.unsubscribe(second)


def test_who_has_left_receives_nothing_and_is_told_so(bus: Bus, topic: str) -> None:
    member = joined(bus, topic)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(2)])
    receive(member, 1)
    bus.unsubscribe(member)

    with pytest.raises(SubscriptionClosed, match="subscribe anew"):
        member.poll(limit=10, timeout=0.1)


def test_who_has_left_changes_nothing_of_the_group_any_more(bus: Bus, topic: str) -> None:
    group = unique("group")
    first = joined(bus, topic, group)
    bus.publish_batch([message(topic, "a", str(n)) for n in range(2)])
    in_hand = receive(first, 2)
    bus.unsubscribe(first)

    commit(first, in_hand)
    first.pause([(topic, in_hand[0].partition)])
    first.resume([(topic, in_hand[0].partition)])
    bus.unsubscribe(first)

    assert first.lag() == {}
    second = bus.subscribe(group, [topic])
    assert [one.body for one in receive(second, 2)] == [b"0", b"1"]
    second.close()


def test_a_broker_that_is_away_keeps_nobody_from_leaving(unreachable: Bus) -> None:
    member = unreachable.subscribe("group", ["away"])

    unreachable.unsubscribe(member)

    with pytest.raises(SubscriptionClosed):
        member.poll(limit=10, timeout=0.1)
