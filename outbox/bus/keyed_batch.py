"""Keyed batch: messages that are published together, where a key stops behind its first failure.

A message that overtook a failed one of its key would break the order that consumers rely on. So every result is
BLOCKED until it is settled, and a key with a failure is not offered any more. Adapters differ in how they send: in one
go (`pending`), or one message of each key at a time (`waves`).
"""

from collections import deque
from collections.abc import Iterator, Sequence

from outbox.bus.base import DeliveryFailure, Failure, Location, OutgoingMessage

BLOCKED = DeliveryFailure(failure=Failure.BLOCKED, reason="one before it failed")


class KeyedBatch:
    """Messages, by their places, and what has become of each."""

    def __init__(self, messages: Sequence[OutgoingMessage], locations: dict[int, Location] | None = None) -> None:
        self.messages = messages
        self._locations = locations
        self.results: list[DeliveryFailure | None] = [BLOCKED] * len(messages)
        """One for each message: why it failed, or None."""
        self._failed: set[tuple[str, bytes]] = set()

    def locate(self, place: int, location: Location) -> None:
        """Note where a delivered message lies, if anybody wants to know and the broker has told."""
        if self._locations is not None and location[1] >= 0:
            self._locations[place] = location

    def settle(self, place: int, result: DeliveryFailure | None) -> None:
        """Note what has become of a message; behind a failure, its key goes no further."""
        self.results[place] = result
        if result:
            message = self.messages[place]
            self._failed.add((message.topic, message.key))

    def pending(self) -> Iterator[tuple[int, OutgoingMessage]]:
        """Each message in order, but for those of keys that have failed by the time that it is their turn."""
        for place, message in enumerate(self.messages):
            if not self._failed or (message.topic, message.key) not in self._failed:
                yield place, message

    def waves(self) -> Iterator[list[int]]:
        """The next place of each key that has not failed, in order, until there are no more.

        All of a wave are to be settled before the next one is asked for.
        """
        waiting: dict[tuple[str, bytes], deque[int]] = {}
        for place, message in self.pending():
            waiting.setdefault((message.topic, message.key), deque()).append(place)
        while waiting:
            yield sorted(places.popleft() for places in waiting.values())
            waiting = {key: places for key, places in waiting.items() if places and key not in self._failed}


def refused_topics(messages: Sequence[OutgoingMessage], results: Sequence[DeliveryFailure | None]) -> set[str]:
    """Topics on which the broker has refused a message, so that they may be gone."""
    return {
        message.topic
        for message, result in zip(messages, results, strict=True)
        if result and result.failure is Failure.REFUSED
    }
