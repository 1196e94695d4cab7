"""What does a message do to a consumer group? Its handlers take it, or it is buried, or parked behind a buried one."""

from collections.abc import Collection, Sequence

from outbox.blocking import blocked_keys, is_blocking
from outbox.bus.base import IncomingMessage
from outbox.dead_letters import bury
from outbox.exceptions import KeyBlocked
from outbox.handlers import ConsumerGroup
from outbox.inbox import take_effect
from outbox.legacy import present_type
from outbox.message import event_type_of, to_event
from outbox.quick_headers import quick_headers


class GroupEffect:
    """The handlers of a group, for the messages of its topics."""

    def __init__(self, group: ConsumerGroup, *, blocking: Collection[str] = ()) -> None:
        """`blocking` are topics, or patterns of them, on which a dead letter holds back the later ones of its key."""
        self._group = group
        self._blocking = tuple(blocking)

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        """See `Effect`. What is parked stays parked, even if the rest fails."""
        read = [(message, quick_headers(message)) for message in messages]
        wanted = [
            (message, quick)
            for message, quick in read
            if self._group.wants(present_type(quick.event_type, message.topic) if quick else event_type_of(message))
        ]
        if wanted and self._blocking and is_blocking(wanted[0][0].topic, self._blocking):
            blocked = self._park([message for message, _ in wanted])
            wanted = [(message, quick) for message, quick in wanted if message.key not in blocked]
        if wanted:
            take_effect(self._group, [to_event(message, quick) for message, quick in wanted])

    def bury(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        """See `Effect`."""
        bury(self._group, message, error, attempts=attempts)

    def _park(self, messages: Sequence[IncomingMessage]) -> set[bytes | None]:
        """Make dead letters of those that are held back too, in their order; the keys that are."""
        blocked = blocked_keys(self._group.name, messages)
        for message in messages:
            if message.key in blocked:
                bury(self._group, message, KeyBlocked(message.topic, message.key), attempts=0)
        return blocked
