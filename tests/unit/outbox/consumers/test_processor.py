"""Which messages a group wants."""

import pytest

from outbox.api import ConsumerGroup, Handler, IncomingMessage, Poisonous
from outbox.consumers.processor import Processor
from outbox.messages.received import ReceivedEvent


def group_for_everything() -> ConsumerGroup:
    def handle(_: ReceivedEvent) -> None:
        raise AssertionError("nothing that could be handled")

    return ConsumerGroup(name="g", topics=["t"], handlers=[Handler(name="h", event_types="*", handle=handle)])


def message(body: bytes | None) -> IncomingMessage:
    return IncomingMessage(topic="t", partition=0, offset=0, key=b"k", body=body, headers=(), timestamp=0)


def test_a_delete_marker_is_passed_over_by_a_group_that_wants_everything() -> None:
    Processor(group_for_everything()).take([message(None)])

    with pytest.raises(Poisonous, match="event_type"):
        Processor(group_for_everything()).take([message(b"{}")])
