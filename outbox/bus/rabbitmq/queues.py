"""Queue: one that a member of a group reads from RabbitMQ, and what of it is not acknowledged yet."""

import math
from collections.abc import Sequence
from typing import Any

from msgspec import Struct


class Queue:
    """A queue that this member reads, over a channel of its own."""

    def __init__(self, channel: Any, topic: str, number: int, *, waiting: int) -> None:
        self.channel = channel
        self.topic = topic
        self.number = number
        self.waiting = waiting
        """Messages that the broker had not delivered to anybody, as far as is known."""
        self.unacknowledged: set[int] = set()
        """Their delivery tags."""

    def acknowledge(self, tags: Sequence[int]) -> None:
        """In one go as far as everything before is acknowledged, then one by one."""
        self.unacknowledged.difference_update(tags)
        ordered = sorted(tags)
        oldest = min(self.unacknowledged, default=math.inf)
        together = [tag for tag in ordered if tag < oldest]
        if together:
            self.channel.basic_ack(together[-1], multiple=True)
        for tag in ordered[len(together) :]:
            self.channel.basic_ack(tag)

    def reject(self, tag: int) -> None:
        """Give a message to the group's dead letters at the broker, which still has all of it."""
        self.unacknowledged.discard(tag)
        self.channel.basic_reject(tag, requeue=False)


class Delivery(Struct, frozen=True):
    """Where a message came from, and its number there."""

    queue: Queue
    tag: int
