"""Set-back database: after a restore, the broker has more of a group as done than the database, whose word counts.

A group that went on where the broker says would pass over what the restored rows lack, without a word. So it stays
out until an operator has run `manage.py after_restore`.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import partial

import structlog
from django.db import connection
from msgspec import Struct

from kit.outage_log import outage_log
from kit.outages import is_outage, part_of
from outbox.bus.base import Bus
from outbox.exceptions import Unsupported
from outbox.handling.database_identity import is_restored, note_identity
from outbox.handling.positions import adopt, recorded_positions

log = structlog.get_logger(__name__)

STAYING_OUT = "out"
"""The state of such a group, in its heartbeat."""
MEND = "run manage.py after_restore"
RESTORED = f"the database was restored from a dump; {MEND}"


class PartitionAhead(Struct, frozen=True, kw_only=True):
    """A partition of which the broker has more as done than the database."""

    topic: str
    partition: int
    recorded: int
    """Up to where the database knows of effects: the next offset; 0 where it knows of none."""
    committed: int
    """Where the group would go on."""


class Admission:
    """Whether a member may join its group; asked before it does, each time."""

    def __init__(self, consumer: str, bus: Bus, *, group_id: str, topics: Sequence[str]) -> None:
        self._consumer = consumer
        self._ask = partial(why_to_stay_out, consumer, bus, group_id=group_id, topics=topics)
        self.reasons: tuple[str, ...] = ()
        """Why it was refused last, as far as that is known."""

    def is_refused(self) -> bool:
        """Whether the broker is ahead of the database, or nobody can tell now."""
        try:
            reason = self._ask()
        except Exception as error:
            if not is_outage(error):
                raise
            connection.close()
            outage_log(part_of(error)).lost(error, group=self._consumer)
            return True
        reasons = (reason,) if reason else ()
        if reasons and reasons != self.reasons:
            log.error("a group stays out", group=self._consumer, reason=reason)
        self.reasons = reasons
        return bool(reasons)


def why_to_stay_out(consumer: str, bus: Bus, *, group_id: str, topics: Sequence[str]) -> str | None:
    """Why a group must not consume now; None when it may. Raises `BrokerUnavailable`."""
    if is_restored():
        return RESTORED
    note_identity()
    try:
        ahead = partitions_ahead(consumer, bus, group_id=group_id, topics=topics)
    except Unsupported:
        return None
    return describe(ahead) if ahead else None


def partitions_ahead(
    consumer: str, bus: Bus, *, group_id: str, topics: Sequence[str], adopting: bool = True
) -> list[PartitionAhead]:
    """Where the broker is ahead of the database, for one group. Raises `BrokerUnavailable` and `Unsupported`.

    A topic that was made anew since something was recorded is not compared. With `adopting`, the broker is believed
    about a group of which nothing is recorded.
    """
    places = bus.places(group_id, topics)
    if adopting and adopt(consumer, places):
        return []
    recorded = recorded_positions(consumer)
    ahead = []
    for place in places:
        known = recorded.get((place.topic, place.partition))
        offset = known.offset if known else 0
        if place.offset > offset and (known is None or known.topic_id == place.topic_id):
            ahead.append(
                PartitionAhead(topic=place.topic, partition=place.partition, recorded=offset, committed=place.offset)
            )
    return ahead


def describe(ahead: Collection[PartitionAhead]) -> str:
    """What was found, and what to do."""
    return f"the database was set back: the broker is ahead of it by {gap(ahead)} messages; {MEND}"


def gap(ahead: Iterable[PartitionAhead]) -> int:
    """How many messages the broker has as done that the database has not."""
    return sum(one.committed - one.recorded for one in ahead)
