"""Stream closed: the event of a stream as such, its last one."""

from msgspec import Struct

from events.types.registry import event

CLOSED = "stream.closed"
"""Appended by a tombstone and by nothing else."""


@event(CLOSED, owner="nova")
class StreamClosed(Struct, frozen=True, kw_only=True):
    """The stream takes no more events: this is its last one, whatever aggregate it belongs to."""

    reason: str
