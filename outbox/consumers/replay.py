"""Replay: messages are given to one consumer group again, read beside the group, whose place stays as it is.

The group's own inbox still counts: what has had its effect is passed over, so that a replay fills gaps, for instance
of a handler that was added later to a new group, or after rows were restored from a backup. To have the handlers take
everything once more, effects that have happened included, is another wish and has to be said: `again`.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from kit.pacing.retry import RetryPolicy
from outbox.bus.base import History, IncomingMessage
from outbox.consumers.batch import Batch
from outbox.consumers.processor import Processor
from outbox.handling.handlers import ConsumerGroup
from outbox.handling.inbox import take_effect
from outbox.messages.decoding import to_event
from outbox.messages.headers import read_headers


class Progress(Struct, frozen=True, kw_only=True):
    """How far a replay is."""

    read: int
    total: int
    """How many messages there are to read."""
    chosen: int
    """Messages of the keys and types that are wanted, and that the group has handlers for."""
    handled: int
    """Of those, the ones that took effect; the others had done so before, or failed."""
    failed: tuple[str, ...]
    """The places of messages that could not be handled, and why."""


def replay(
    group: ConsumerGroup,
    messages: History,
    *,
    keys: frozenset[bytes] = frozenset(),
    event_types: frozenset[str] = frozenset(),
    again: bool = False,
    batch: int = 500,
    policy: RetryPolicy,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Progress]:
    """Let the messages take effect on the group, in the order of each partition; its progress after each batch.

    No keys or no types means all. What fails for good is a dead letter, unless the group has it behind it.
    """
    effect = _Again(group, again=again)
    work = Batch(effect, policy)
    read = chosen = 0
    for found in messages.batches(batch):
        wanted = [
            message
            for message in found
            if (not keys or message.key in keys) and _is_chosen(message, group, event_types)
        ]
        if wanted:
            work.add(wanted)
        while not work.is_empty:
            if pause := work.step():
                wait(pause)
        read, chosen = read + len(found), chosen + len(wanted)
        yield Progress(
            read=read, total=messages.length, chosen=chosen, handled=effect.handled, failed=tuple(effect.failed)
        )


def _is_chosen(message: IncomingMessage, group: ConsumerGroup, event_types: frozenset[str]) -> bool:
    headers = read_headers(message)
    is_of_type = not event_types or headers.event_type in event_types
    return is_of_type and group.wants(headers.event_type) and not headers.is_delete_marker


class _Again:
    """The group's handlers, counted."""

    def __init__(self, group: ConsumerGroup, *, again: bool) -> None:
        self._group = group
        self._again = again
        self._usual = Processor(group)
        self.handled = 0
        self.failed: list[str] = []

    def take(self, messages: Sequence[IncomingMessage]) -> None:
        """See `Effect`."""
        self.handled += take_effect(self._group, [to_event(message) for message in messages], again=self._again)

    def dead_letter(self, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
        """See `Effect`."""
        self._usual.dead_letter(message, error, attempts=attempts)
        place = f"{message.topic}[{message.partition}]@{message.offset}"
        self.failed.append(f"{place}: {type(error).__name__}: {error}")
