"""Conflict resolution: which events a table still takes whose rows know the version of their aggregate. Pure.

In order and once is how events come, until a checkpoint is moved back or a parked aggregate is released: then a table
that has seen later events is given earlier ones again. A projection that keeps the version of the last event in each
row asks here which of them it applies.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from events.envelope import RecordedEvent
from projections.definition.policy import ConflictResolution

KeyT = TypeVar("KeyT")


def unapplied(
    events: Iterable[RecordedEvent],
    versions: Mapping[KeyT, int],
    *,
    key: Callable[[RecordedEvent], KeyT],
    by: ConflictResolution,
) -> list[RecordedEvent]:
    """The events to apply, in their order, to rows that have these versions; a key without one has no row yet.

    Where the last write wins, that is all of them; where the version wins, those above the version of their row. An
    event belongs to the row of its `key`, and all events of a row come from one aggregate.
    """
    if by is ConflictResolution.LAST_WRITE_WINS:
        return list(events)
    return [event for event in events if event.version > versions.get(key(event), 0)]
