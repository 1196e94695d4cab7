"""No offsets: the answers of a bus that cannot say where a group stands, and keeps nothing that was consumed.

RabbitMQ forgets a message once it is acknowledged and numbers none; how many wait, each member knows of its own queues.
What is in memory is known to one process, and who asks from the console or the command line is in another.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from outbox.bus.base import GroupPlace, History, Offsets, Partition, PartitionLag
from outbox.exceptions import Unsupported

LAG_UNSUPPORTED = "The lag is asked of Kafka only."
PLACES_UNSUPPORTED = "Only Kafka knows where a group goes on."
HISTORY_UNSUPPORTED = "Only Kafka keeps what was consumed, to be replayed."


class WithoutOffsets:
    """What such a bus says to questions about offsets."""

    def lag(self, group: str, topics: Sequence[str]) -> list[PartitionLag]:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported(LAG_UNSUPPORTED)

    def timestamps(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, int | None]:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported(LAG_UNSUPPORTED)

    def places(self, group: str, topics: Sequence[str]) -> list[GroupPlace]:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported(PLACES_UNSUPPORTED)

    def go_on_at(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported(PLACES_UNSUPPORTED)

    def history(
        self,
        topic: str,
        *,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        offsets: Offsets | None = None,
    ) -> History:
        """See `Bus`. Raises `Unsupported`."""
        raise Unsupported(HISTORY_UNSUPPORTED)
