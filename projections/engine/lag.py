"""Lag of a projection: how far its checkpoint is behind the log.

It is computed from the log and the checkpoint alone. No worker is asked, so a dead one cannot look healthy.
"""

from msgspec import Struct

from events.api import log_backlog
from projections.definition.projection import Projection
from projections.engine import ahead


class Lag(Struct, frozen=True, kw_only=True):
    """What a projection has still to apply."""

    events: int
    """Events of the projection's types after its checkpoint."""
    seconds: float
    """Since the oldest of them was recorded, or one before it that was applied inline; 0 when there is none."""


def projection_lag(projection: Projection, position: int, *, is_inline: bool = False) -> Lag:
    """The lag of the projection at a position; events beyond it that appends have applied do not count."""
    # Before the log is asked, which may have more a moment later: an event that waits is never taken for one of these.
    applied = ahead.count(projection.name, position) if is_inline else 0
    events, seconds = log_backlog(position, projection.event_types)
    return Lag(events=events - applied, seconds=seconds) if events > applied else Lag(events=0, seconds=0.0)
