"""Log partition: one of several parts of the log by hash of the stream, so that several readers can share it.

Each stream is of one partition, with all its events in order. The same hash is computed here and in `log_after.sql`:
it must never change, for readers keep positions by partition.
"""

from hashlib import sha256

from msgspec import Struct

from events.envelope import StreamId

BYTES = 3
"""Of the hash's beginning: `log_after.sql` takes as many bits."""


class LogPartition(Struct, frozen=True, kw_only=True):
    """A partition."""

    number: int
    """From 0."""
    of: int
    """How many there are."""

    def has(self, stream: StreamId) -> bool:
        """Whether the stream is of it."""
        return partition_number(stream, self.of) == self.number


def partition_number(stream: StreamId, of: int) -> int:
    """The number of the stream's partition, of so many."""
    return int.from_bytes(sha256(str(stream).encode()).digest()[:BYTES]) % of
