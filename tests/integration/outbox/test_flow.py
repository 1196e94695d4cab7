"""Do the decisions of several operators about one consumer group stand beside each other?"""

from datetime import timedelta

import pytest
from django.db.models import F

from outbox import flow
from outbox.exceptions import GroupDrained
from outbox.flow import Scope
from outbox.models import ConsumerAction, ConsumerControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

GROUP = Scope(consumer="fussy")


def test_a_pause_of_a_whole_group_does_not_take_back_its_drain() -> None:
    flow.drain("fussy", actor="alice", reason="broker work")

    with pytest.raises(GroupDrained, match="alice"):
        flow.pause(GROUP, actor="bob", reason="also")

    assert flow.decisions("fussy").drained
    assert ConsumerControl.objects.get().actor == "alice"
    assert [action.verb for action in ConsumerAction.objects.all()] == ["drain"]


def test_a_part_of_a_drained_group_is_paused_beside_the_drain() -> None:
    flow.drain("fussy", actor="alice", reason="broker work")
    flow.pause(Scope(consumer="fussy", topic="t"), actor="bob", reason="also")

    assert flow.decisions("fussy").drained
    assert ConsumerControl.objects.count() == 2


def test_a_drain_takes_the_place_of_a_pause_with_a_time_of_its_own() -> None:
    flow.pause(GROUP, actor="alice", reason="a disk is full")
    ConsumerControl.objects.update(since=F("since") - timedelta(hours=1))
    before = ConsumerControl.objects.get().since

    flow.drain("fussy", actor="bob", reason="broker work")

    now = ConsumerControl.objects.get()
    assert (now.verb, now.actor) == ("drain", "bob")
    assert now.since - before >= timedelta(hours=1)


def test_what_was_taken_back_is_still_told() -> None:
    flow.pause(Scope(consumer="fussy", topic="t", partition=3), actor="alice", reason="a disk is full")
    flow.resume(GROUP, actor="bob", reason="it is not")

    assert not ConsumerControl.objects.exists()
    told = ConsumerAction.objects.order_by("id").values_list("verb", "topic", "partition", "actor", "reason")
    assert list(told) == [("pause", "t", 3, "alice", "a disk is full"), ("resume", "", None, "bob", "it is not")]
