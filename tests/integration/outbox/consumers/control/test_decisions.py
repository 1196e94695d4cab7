"""Consumer control: decisions of several operators about one consumer group stand beside each other."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.db.models import F

from outbox.consumers.control import decisions as flow
from outbox.consumers.control.decisions import Scope
from outbox.exceptions import GroupDrained
from outbox.models import ConsumerAction, ConsumerControl
from tests.support.database import scalar
from tests.support.outbox import eventually

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

GROUP = Scope(consumer="fussy")


def test_a_pause_of_a_whole_group_does_not_take_back_its_drain() -> None:
    flow.drain("fussy", actor="alice", reason="broker work")

    with pytest.raises(GroupDrained, match="alice"):
        flow.pause(GROUP, actor="bob", reason="also")

    assert flow.decisions("fussy").drained
    assert ConsumerControl.objects.get().actor == "alice"
    assert [action.verb for action in ConsumerAction.objects.all()] == ["drain"]


def test_of_a_drain_and_a_pause_at_the_same_time_the_drain_holds() -> None:
    refused = threading.Event()

    def pause() -> None:
        try:
            flow.pause(GROUP, actor="bob", reason="also")
        except GroupDrained:
            refused.set()
        finally:
            connections.close_all()

    bob = threading.Thread(target=pause)
    with transaction.atomic():
        flow.drain("fussy", actor="alice", reason="broker work")
        bob.start()
        eventually(lambda: scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    bob.join(10)

    assert refused.is_set()
    assert flow.decisions("fussy").drained


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
