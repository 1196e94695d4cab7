"""What can happen to a stream as such?"""

from msgspec import Struct

from events.registry import event


@event("stream.closed", owner="nova")
class StreamClosed(Struct, frozen=True, kw_only=True):
    """The stream takes no more events: this is its last one, whatever aggregate it belongs to."""

    reason: str
