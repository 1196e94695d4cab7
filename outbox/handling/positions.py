"""Recorded positions: up to where a group has handled each partition, as the database itself knows it.

They are recorded after the effects of what stands before them were committed, and before the broker is told. So the
broker never has more of a group as done than the database, unless the database was set back, as by a restore.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from msgspec import Struct

from kit.outage_log import outage_log
from kit.outages import is_outage, part_of
from outbox.bus.base import GroupPlace, Partition
from outbox.models import ConsumerPosition
from outbox.sql.statements import statement

_UPGRADE = timedelta(days=1)
_BEFORE_RECORDING = ""
"""The topic of a row that a group has which consumed before positions were recorded."""


class Position(Struct, frozen=True):
    """Up to where a partition was handled."""

    topic_id: str
    offset: int
    """The next one that was not."""


def recorded_positions(consumer: str) -> Mapping[Partition, Position]:
    """What is recorded of a group."""
    rows = ConsumerPosition.objects.filter(consumer=consumer).exclude(topic=_BEFORE_RECORDING)
    return {
        (topic, partition): Position(topic_id, offset)
        for topic, partition, topic_id, offset in rows.values_list("topic", "partition", "topic_id", "position")
    }


def adopt(consumer: str, places: Iterable[GroupPlace]) -> bool:
    """Take the broker's word for a group of which nothing is recorded; whether that was done.

    It is new, and may have been placed on purpose. One from before positions were recorded is believed for a day after
    the upgrade, while members of the release before may still commit.
    """
    rows = ConsumerPosition.objects.filter(consumer=consumer)
    upgraded = rows.filter(topic=_BEFORE_RECORDING, recorded_at__gt=Now() - _UPGRADE)
    if rows.exclude(topic=_BEFORE_RECORDING).exists() and not upgraded.exists():
        return False
    record(consumer, places)
    return True


def record(
    consumer: str, places: Iterable[GroupPlace], *, expected: Mapping[Partition, Position] | None = None
) -> bool:
    """Record that a group has come so far; False where less is recorded than is `expected`, which stays as it is."""
    known, new = expected or {}, list(places)
    last = [known.get((one.topic, one.partition)) for one in new]
    with connection.cursor() as cursor:
        cursor.execute(
            statement("record_positions"),
            {
                "consumer": consumer,
                "topics": [one.topic for one in new],
                "partitions": [one.partition for one in new],
                "topic_ids": [one.topic_id for one in new],
                "positions": [one.offset for one in new],
                "expected": [
                    before.offset if before and before.topic_id == one.topic_id else 0
                    for one, before in zip(new, last, strict=True)
                ],
            },
        )
        return bool(cursor.rowcount == len(new))


class PositionBook:
    """Records the positions of one member of a group, and notices when the database was set back under it."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._last: dict[Partition, Position] = {}
        self.is_set_back = False
        """Whether the database knows less than it did before."""
        self.missed = False
        """Whether something could not be recorded that is to be recorded later."""

    def record(self, places: Sequence[GroupPlace]) -> bool:
        """Record where the group goes on; whether that was done, and the broker may be told."""
        if self.is_set_back:
            return False
        try:
            recorded = record(self._consumer, places, expected=self._last)
        except Exception as error:
            if not is_outage(error):
                raise
            connection.close()
            self.missed = True
            outage_log(part_of(error)).lost(error, group=self._consumer)
            return False
        if recorded:
            self._last |= {(one.topic, one.partition): Position(one.topic_id, one.offset) for one in places}
        self.is_set_back = not recorded
        return recorded
