"""Identifiers: which names streams and events may have, and where new ids come from."""

import os
import re
import time
from uuid import UUID

import msgspec

from events.envelope import StreamId
from events.exceptions import InvalidEvent

AGGREGATE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
# U+FFFD stands for bytes that were not UTF-8, such as those of a URL.
# Whoever follows an address takes `.` and `..` out of it, percent-encoded or not.
AGGREGATE_ID = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f-\x9f/\ud800-\udfff\ufffd]{1,255}")
EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}", re.ASCII)
USER_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}")
MAX_PARTITION_KEY = 2_000
"""Bytes of what messages keep their order by: an index has to take it, beside the topic."""
VERSION_AND_VARIANT = 0xF << 76 | 0x3 << 62
VERSION_7_RFC = 0x7 << 76 | 0x2 << 62
SOURCE_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}", re.ASCII)


def uuid7() -> UUID:
    """A new id whose order is that of its creation, to the millisecond (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    value = milliseconds << 80 | int.from_bytes(_ten_random_bytes(), "big") & ~VERSION_AND_VARIANT | VERSION_7_RFC
    # As UUID(int=value), three times as fast: every append makes two.
    return msgspec.convert(value.to_bytes(16, "big"), UUID)


def _ten_random_bytes() -> bytes:
    try:
        return _entropy.pop()
    except IndexError:
        # Many at a time: the call costs more than all else of an id.
        drawn = os.urandom(10 * 256)
        _entropy.extend(drawn[start : start + 10] for start in range(10, len(drawn), 10))
        return drawn[:10]


# Popped by many threads, each of which gets its own; a child must not draw what its parent draws.
_entropy: list[bytes] = []
os.register_at_fork(after_in_child=_entropy.clear)


def check_stream(stream: StreamId) -> None:
    """Raise `InvalidEvent` unless both parts of the stream's name are allowed."""
    if not AGGREGATE_TYPE.fullmatch(stream.aggregate_type):
        raise InvalidEvent(
            "must be 1 to 100 letters, digits, dots, dashes or underscores and begin with a letter or digit",
            pointer="/aggregate_type",
        )
    if not AGGREGATE_ID.fullmatch(stream.aggregate_id):
        raise InvalidEvent(
            "must be 1 to 255 characters without control characters and slashes, and neither . nor ..",
            pointer="/aggregate_id",
        )


def check_event_type(event_type: str) -> None:
    """Raise `InvalidEvent` unless the type's name is allowed."""
    if not EVENT_TYPE.fullmatch(event_type):
        raise InvalidEvent(
            "must be 1 to 100 letters, digits, dots, dashes or underscores and begin with a letter",
            pointer="/event_type",
        )
