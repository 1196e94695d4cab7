"""Incoming message: what librdkafka's binding has received, as Nova knows it."""

from collections.abc import Callable
from operator import methodcaller
from typing import Any

from outbox.bus.base import IncomingMessage

# Where a header's name is not UTF-8, the binding (confluent-kafka 2.16) sets an error and yet returns a list. A plain
# call that Python has sped up (3.11 and later) does not look for that; this one always does.
_headers_of = methodcaller("headers")


def incoming(message: Any, topic_id_of: Callable[[str, int, int], str]) -> IncomingMessage:
    """The message as Nova knows it; `topic_id_of` tells the id of its topic from where it stands."""
    # Any, because the binding's types allow for what only an error lacks.
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    kind, timestamp = message.timestamp()
    unreadable = None
    try:
        headers = tuple(_headers_of(message) or ())
    except (SystemError, UnicodeDecodeError) as error:
        # Kafka takes any bytes for a header's name, and the binding only UTF-8.
        headers, unreadable = (), f"the name of a header is not UTF-8: {error.__cause__ or error}"
    return IncomingMessage(
        topic=topic,
        partition=partition,
        offset=offset,
        key=message.key(),
        body=message.value(),
        headers=headers,
        timestamp=timestamp if kind else None,
        topic_id=topic_id_of(topic, partition, offset),
        unreadable=unreadable,
    )
