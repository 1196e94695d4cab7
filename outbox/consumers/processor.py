"""Message processor: handlers take a message, or it becomes a dead letter, or it is parked behind one of its key."""

from collections.abc import Collection, Sequence

from django.db import transaction

from outbox.bus.base import IncomingMessage
from outbox.bus.topic_patterns import includes
from outbox.dead_letters.blocking import blocked_keys, keys_to_park
from outbox.dead_letters.store import store_dead_letter
from outbox.exceptions import KeyBlocked
from outbox.handling.handlers import ConsumerGroup
from outbox.handling.inbox import take_effect
from outbox.messages.decoding import to_event
from outbox.messages.headers import read_headers


class Processor:
    """The handlers of a group, for the messages of its topics."""

    def __init__(self, group: ConsumerGroup, *, blocking: Collection[str] = ()) -> None:
        """`blocking` are topics, or patterns of them, on which a dead letter holds back the later ones of its key."""
        self._group = group
        self._blocking = tuple(blocking)

    def is_blocking(self, topic: str) -> bool:
        """Whether a dead letter of the topic holds back its key; its partitions are taken one by one."""
        return includes(self._blocking, topic)

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        """See `Effect`. What is parked stays parked, even if the rest fails.

        The messages are of one partition, or of several ones of topics that do not block.
        """
        decided: dict[str, bool] = {}
        wanted = []
        for message in messages:
            headers = read_headers(message)
            if headers.is_delete_marker:
                continue
            # Each type once: deciding takes as long as reading.
            wants = decided.get(headers.event_type)
            if wants is None:
                wants = decided[headers.event_type] = self._group.wants(headers.event_type)
            # What cannot be read may be meant for us: as a dead letter it is seen.
            if wants or message.unreadable is not None:
                wanted.append((message, headers))
        if wanted and self.is_blocking(wanted[0][0].topic):
            blocked = self._park([message for message, _ in wanted])
            wanted = [(message, headers) for message, headers in wanted if message.key not in blocked]
        if wanted:
            take_effect(self._group, [to_event(message, headers) for message, headers in wanted])

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        """See `Effect`."""
        store_dead_letter(self._group, message, error, attempts=attempts)

    def _park(self, messages: Sequence[IncomingMessage]) -> set[bytes | None]:
        """Make dead letters of those that are held back too, in their order; the keys that are."""
        if not blocked_keys(self._group.name, messages):
            return set()
        with transaction.atomic():
            blocked = keys_to_park(self._group.name, messages)
            for message in messages:
                if message.key in blocked:
                    store_dead_letter(self._group, message, KeyBlocked(message.topic, message.key), attempts=0)
        return blocked
