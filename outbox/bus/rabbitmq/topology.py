"""Topology: topics, groups and partitions as RabbitMQ knows them, by exchanges and queues.

    topic exchange `TOPIC`, by event type ──┬─▶ headers exchange `GROUP/TOPIC` ──▶ queues `GROUP/TOPIC/0`, `1`, …
                                            └─▶ topic exchange `nova.everything` ──▶ the same for patterns

A message carries the number of its partition, made from its key, so that all messages of one key stand in one queue of
a group, in order; a message of somebody else, which carries none, goes to queue 0. Anybody may bind further queues to a
topic by event type. What a group's queues give up (rejected, expired) goes by `GROUP/dead` to the queue of that name.
"""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from amqp.exceptions import PreconditionFailed

from outbox.bus.topic_patterns import is_pattern
from outbox.exceptions import QueueMismatch

# Every topic's messages come by here as well, for groups that follow a pattern.
EVERYTHING = "nova.everything"
PARTITION = "nova-partition"
# Ends the longest of the names that a group has for a topic.
UNNUMBERED = "/unnumbered"
# Said of every queue, or the server's own default would be taken: a quorum queue puts what comes back at its end.
CLASSIC: Mapping[str, str] = {"x-queue-type": "classic"}
# Not in the routing: the key itself, for whoever receives the message.
KEY = "nova-key"


def partition_of(key: bytes, partitions: int) -> int:
    """The number of a key's queue, the same in every process and release."""
    return crc32(key) % partitions


def declare_topic(channel: Any, topic: str) -> None:
    """Make the exchange of a topic where it does not exist."""
    channel.exchange_declare(topic, "topic", durable=True, auto_delete=False)
    channel.exchange_declare(EVERYTHING, "topic", durable=True, auto_delete=False)
    channel.exchange_bind(EVERYTHING, source=topic, routing_key="#")


def declare_group(channel: Any, group: str, topic: str, partitions: int) -> None:
    """Make a group's queues for a topic or a pattern of topics, and for its dead letters, where there are none.

    Raises `QueueMismatch`.
    """
    if is_pattern(topic):
        channel.exchange_declare(EVERYTHING, "topic", durable=True, auto_delete=False)
    else:
        declare_topic(channel, topic)
    _declare_dead_letters(channel, group)
    name = f"{group}/{topic}"
    unnumbered = name + UNNUMBERED
    channel.exchange_declare(unnumbered, "fanout", durable=True, auto_delete=False)
    channel.exchange_declare(
        name, "headers", durable=True, auto_delete=False, arguments={"alternate-exchange": unnumbered}
    )
    for number in range(partitions):
        declare_queue(channel, group, topic, number)
        queue = queue_name(group, topic, number)
        channel.queue_bind(queue, name, arguments={"x-match": "all", PARTITION: number})
    channel.queue_bind(queue_name(group, topic, 0), unnumbered)
    declare_members(channel, group, topic)
    # Last, so that the first message finds everything behind it.
    channel.exchange_bind(name, source=EVERYTHING if is_pattern(topic) else topic, routing_key="#")


def declare_queue(channel: Any, group: str, topic: str, number: int) -> tuple[int, int]:
    """Make a queue where it does not exist; how many messages wait in it, and how many consumers it has.

    Raises `QueueMismatch`.
    """
    arguments = {"x-dead-letter-exchange": dead_letters_name(group)}
    return _declare(channel, queue_name(group, topic, number), arguments)


def declare_members(channel: Any, group: str, topic: str) -> int:
    """Make the queue that members are counted by, if it does not exist; how many there are. Raises `QueueMismatch`."""
    _, members = _declare(channel, members_name(group, topic))
    return members


def queue_name(group: str, topic: str, number: int) -> str:
    """A group's queue for one partition of a topic."""
    return f"{group}/{topic}/{number}"


def members_name(group: str, topic: str) -> str:
    """The queue that has a consumer for each member of the group, and never a message."""
    return f"{group}/{topic}/members"


def dead_letters_name(group: str) -> str:
    """The exchange, and the queue, of what the group's queues give up."""
    return f"{group}/dead"


def _declare_dead_letters(channel: Any, group: str) -> None:
    name = dead_letters_name(group)
    channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
    _declare(channel, name)
    channel.queue_bind(name, name)


def _declare(channel: Any, queue: str, arguments: Mapping[str, str] = {}) -> tuple[int, int]:
    try:
        _, messages, consumers = channel.queue_declare(
            queue, durable=True, auto_delete=False, arguments={**CLASSIC, **arguments}
        )
    except PreconditionFailed as error:
        raise QueueMismatch(queue, str(error)) from error
    return messages, consumers
