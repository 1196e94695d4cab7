"""What can happen to a stream as such?"""

from msgspec import Struct

from events.types.registry import event

CLOSED = "stream.closed"
"""Appended by a tombstone and by nothing else."""


@event(CLOSED, owner="nova")
class StreamClosed(Struct, frozen=True, kw_only=True):
    """The stream takes no more events: this is its last one, whatever aggregate it belongs to."""

    reason: str
