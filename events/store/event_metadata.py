"""Event metadata: an event's own beside what the context says, with its clock, as the JSON that is kept."""

from collections.abc import Collection
from types import NoneType
from typing import Any

from events.clock import CLOCK, HIGHEST_CLAIMED, process_clock
from events.codec import ijson
from events.codec.canonical import canonical_plain, kept
from events.context import EventContext
from events.exceptions import InvalidEvent

# Numbers have to be looked at closely.
_PLAIN: Collection[type] = frozenset((str, bool, NoneType))
_CLOCK_KEY = b'"clock":'


class MetadataEncoder:
    """Encodes the metadata of one append's events. What neighbours share but for the clock is encoded once."""

    def __init__(self, context: EventContext) -> None:
        self._context = context
        self._own: dict[str, Any] | None = None
        self._seen = 0
        self._around: tuple[bytes, bytes] = (b"", b"")
        """What stands before and after the clock in the text of the neighbour."""

    def encode(self, own: dict[str, Any]) -> bytes:
        """The canonical text, with the next clock. Raises `InvalidEvent` for what cannot be metadata."""
        context = self._context
        if not own and not context.metadata:
            return b'{"clock":%d}' % process_clock.tick(context.clock)
        if own is self._own:
            before, after = self._around
            return b"%b%d%b" % (before, process_clock.tick(self._seen), after)
        metadata = context.metadata | own
        seen = metadata.get(CLOCK, 0)
        if type(seen) is not int or not 0 <= seen <= HIGHEST_CLAIMED:
            raise InvalidEvent("is reserved for a clock that was seen", pointer=f"/metadata/{CLOCK}")
        seen = max(seen, context.clock)
        clock = process_clock.tick(seen)
        if text := _plainly(metadata, clock):
            # Within a text it would be escaped, but the end of another key may look like it.
            if text.count(_CLOCK_KEY) == 1:
                before, key, after = text.partition(_CLOCK_KEY)
                self._own, self._seen, self._around = own, seen, (before + key, after.removeprefix(b"%d" % clock))
            return text
        ijson.check(metadata, "/metadata")
        return kept(metadata | {CLOCK: clock})


def as_recorded(own: dict[str, Any]) -> bytes:
    """The text of metadata that another store has recorded, with the clock that they have."""
    ijson.check(own, "/metadata")
    return kept(own)


def _plainly(metadata: dict[str, Any], clock: int) -> bytes | None:
    """The canonical text of metadata that is as usual, text under ASCII keys, at a third of the cost."""
    for key, value in metadata.items():
        if type(key) is not str or not key.isascii() or (type(value) not in _PLAIN and key != CLOCK):
            return None
    try:
        text = canonical_plain(metadata | {CLOCK: clock})
    except UnicodeEncodeError:
        return None
    return None if b"\\u0000" in text else text
